import Testing

@testable import RPC

private func at(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .seconds(seconds)
}

/// gateway.md §10: an ejected endpoint returns through one probe call, then 10 %, 50 %, 100 % over 10 s.
@Suite("Endpoints that come back from an ejection")
struct EjectionReturnTests {
    private static let count = 4
    private static let bad = 1

    /// A pool of four of which one was ejected at 0 s, for 30 s.
    private func pool(_ policy: LoadBalancing, seed: UInt64) -> LoadBalancer {
        var balancer = LoadBalancer(policy, now: at(0), generator: SeededGenerator(seed: seed))
        let hosts = (0..<Self.count).map { Endpoint(.host("10.0.0.\($0)", port: 1)) }
        _ = balancer.update(hosts, at: at(0))
        balancer.connectAll(at: at(0))
        for slot in balancer.takeWanted() { balancer.set(slot, .ready, at: at(0)) }
        // Calls that run at the same time: five of them break there.
        var key: UInt64 = 0
        var running: [Int] = []
        while running.count(where: { $0 == Self.bad }) < 5, running.count < 1_000 {
            key &+= 0x9E37_79B9_7F4A_7C15
            guard case .send(let slot) = balancer.pick(key: key, at: at(0)) else { break }
            running.append(slot)
        }
        for slot in running {
            balancer.ended(
                slot, startedAt: at(0), slot == Self.bad ? .broken : .answered, at: at(0))
        }
        #expect(balancer.ejectedUntil(Self.bad) == at(30))
        return balancer
    }

    private func finish(
        _ balancer: inout LoadBalancer, _ slot: Int, _ outcome: CallOutcome = .answered,
        at now: Instant
    ) {
        balancer.ended(slot, startedAt: now, outcome, at: now + .milliseconds(1))
    }

    /// How many of so many calls go to the one that was ejected, all of the same length.
    private func share(
        _ balancer: inout LoadBalancer, of calls: Int, from start: Double
    ) -> Double {
        var sent = 0
        var key: UInt64 = 7
        for number in 0..<calls {
            let now = at(start + Double(number) * 0.0001)
            key = key &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            guard case .send(let slot) = balancer.pick(key: key ^ key >> 29, at: now) else {
                continue
            }
            if slot == Self.bad { sent += 1 }
            finish(&balancer, slot, at: now)
        }
        return Double(sent) / Double(calls)
    }

    private static let policies: [LoadBalancing] = [.p2c, .roundRobin, .ringHash(spill: .next)]

    @Test(
        "nothing, then one call, then a tenth of its share, a half, all of it", arguments: policies)
    func steps(_ policy: LoadBalancing) {
        var balancer = pool(policy, seed: 3)
        #expect(share(&balancer, of: 2_000, from: 1) == 0)
        #expect(share(&balancer, of: 2_000, from: 29) == 0)

        // One call goes there, and as long as it runs no other.
        var probes = 0
        var key: UInt64 = 99
        for number in 0..<200 {
            key &+= 0x9E37_79B9_7F4A_7C15
            let now = at(30 + Double(number) * 0.001)
            guard case .send(let slot) = balancer.pick(key: key, at: now) else { continue }
            if slot == Self.bad { probes += 1 } else { finish(&balancer, slot, at: now) }
        }
        #expect(probes == 1)
        finish(&balancer, Self.bad, at: at(31))
        #expect(balancer.ejectedUntil(Self.bad) == nil)

        let tenth = share(&balancer, of: 4_000, from: 31.1)
        let half = share(&balancer, of: 4_000, from: 36.1)
        let whole = share(&balancer, of: 4_000, from: 41.2)
        #expect(whole > 0.12, "\(whole)")
        #expect((0.03...0.22).contains(tenth / whole), "\(tenth) of \(whole)")
        #expect((0.3...0.75).contains(half / whole), "\(half) of \(whole)")
    }

    @Test("a probe that fails ejects for longer; one whose caller leaves is followed by another")
    func failedProbe() {
        for policy in Self.policies {
            var balancer = pool(policy, seed: 5)
            func probe(at now: Instant) -> Bool {
                for number in 0..<400 {
                    let key = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
                    guard case .send(let slot) = balancer.pick(key: key, at: now) else { continue }
                    if slot == Self.bad { return true }
                    finish(&balancer, slot, at: now)
                }
                return false
            }
            #expect(probe(at: at(30)))
            finish(&balancer, Self.bad, .unknown, at: at(30))
            #expect(probe(at: at(31)))
            finish(&balancer, Self.bad, .broken, at: at(32))
            #expect(balancer.ejectedUntil(Self.bad) == at(92) + .milliseconds(1))
            #expect(!probe(at: at(90)))
            #expect(probe(at: at(93)))
        }
    }

    @Test("one that is not connected is not probed until it is")
    func disconnected() {
        var balancer = pool(.p2c, seed: 8)
        balancer.set(Self.bad, .failed(until: at(60)), at: at(20))
        #expect(share(&balancer, of: 500, from: 31) == 0)
        balancer.set(Self.bad, .ready, at: at(40))
        guard case .send(Self.bad) = balancer.pick(at: at(40)) else {
            Issue.record("the next call probes it")
            return
        }
        guard case .send(let other) = balancer.pick(at: at(40)), other != Self.bad else {
            Issue.record("only one call probes it")
            return
        }
    }

    @Test("the only endpoint goes on being asked, and is whole again with the first answer")
    func single() {
        var balancer = LoadBalancer(.p2c, now: at(0), generator: SeededGenerator(seed: 1))
        _ = balancer.update([Endpoint(.host("10.0.0.1", port: 1))], at: at(0))
        balancer.connectAll(at: at(0))
        for slot in balancer.takeWanted() { balancer.set(slot, .ready, at: at(0)) }
        for step in 0..<40 {
            let now = at(Double(step))
            guard case .send(let slot) = balancer.pick(at: now) else {
                Issue.record("it is asked")
                return
            }
            finish(&balancer, slot, step < 20 ? .broken : .answered, at: now)
        }
        #expect(balancer.ejectedUntil(0) == nil)
    }
}
