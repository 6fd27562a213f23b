import Testing

@testable import RPC

private func at(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .seconds(seconds)
}

private func hosts(_ count: Int) -> [Endpoint] {
    (0..<count).map { Endpoint(.host("10.0.0.\($0)", port: 1)) }
}

private func balancer(
    _ policy: LoadBalancing, _ count: Int, seed: UInt64 = 1, isReady: Bool = true
) -> LoadBalancer {
    var balancer = LoadBalancer(policy, now: at(0), generator: SeededGenerator(seed: seed))
    _ = balancer.update(hosts(count), at: at(0))
    if isReady {
        balancer.connectAll(at: at(0))
        for slot in balancer.takeWanted() { balancer.set(slot, .ready, at: at(0)) }
    }
    return balancer
}

extension LoadBalancer {
    /// The slot that a call was sent to, which ends at once; nil if it was not sent.
    fileprivate mutating func sent(
        key: UInt64? = nil, avoiding: Int? = nil, at now: Instant, took: Duration = .zero,
        _ outcome: CallOutcome = .answered
    ) -> Int? {
        guard case .send(let slot) = pick(key: key, avoiding: avoiding, at: now) else {
            return nil
        }
        ended(slot, startedAt: now, outcome, at: now + took)
        return slot
    }
}

@Suite("Endpoints coming and going")
struct LoadBalancerMembershipTests {
    @Test("without endpoints a call fails; the first call has them all connect, and waits")
    func beginning() {
        var empty = LoadBalancer(.p2c, now: at(0), generator: SeededGenerator(seed: 1))
        #expect(empty.pick(at: at(0)) == .fail(nil))
        var balancer = balancer(.p2c, 3, isReady: false)
        #expect(balancer.pick(at: at(0)) == .wait)
        #expect(balancer.takeWanted() == [0, 1, 2])
        #expect(balancer.pick(at: at(0)) == .wait)
        #expect(balancer.takeWanted().isEmpty, "they are under way")
        balancer.set(1, .ready, at: at(0.1))
        #expect(balancer.pick(at: at(0.1)) == .send(1))
    }

    @Test("when all have failed, calls fail until the first pause is over")
    func allFailed() {
        for policy in [LoadBalancing.p2c, .roundRobin, .pickFirst] {
            var balancer = balancer(policy, 2, isReady: false)
            var attempts: [Int] = []
            for step in 0..<4 {
                _ = balancer.pick(at: at(Double(step)))
                let wanted = balancer.takeWanted()
                attempts += wanted
                for slot in wanted {
                    balancer.set(slot, .failed(until: at(10)), at: at(Double(step)))
                }
            }
            #expect(attempts.sorted() == [0, 1])
            guard case .fail(let slot?) = balancer.pick(at: at(9)) else {
                Issue.record("\(policy): a call did not fail")
                continue
            }
            #expect((0...1).contains(slot))
            #expect(balancer.nextAttempt(after: at(9)) == at(10))
            #expect(balancer.wantsResolution)
            #expect(balancer.pick(at: at(10)) == .wait)
            #expect(!balancer.takeWanted().isEmpty)
        }
    }

    @Test("an endpoint that is down is tried again beside the calls that go elsewhere")
    func reconnect() {
        for policy in [LoadBalancing.p2c, .roundRobin] {
            var balancer = balancer(policy, 2)
            balancer.set(0, .idle, at: at(1))
            #expect(balancer.sent(at: at(1)) == 1)
            #expect(balancer.takeWanted() == [0])
            balancer.set(0, .failed(until: at(3)), at: at(2))
            #expect(balancer.sent(at: at(2.9)) == 1)
            #expect(balancer.takeWanted().isEmpty)
            #expect(balancer.sent(at: at(3)) == 1)
            #expect(balancer.takeWanted() == [0])
            balancer.set(0, .ready, at: at(3.1))
            let used = Set((0..<200).compactMap { balancer.sent(at: at(20 + Double($0))) })
            #expect(used == [0, 1])
        }
    }

    @Test("N3: who left gets no calls, and keeps its slot until its calls have ended")
    func draining() {
        var balancer = balancer(.roundRobin, 3)
        var running: [Int] = []
        for _ in 0..<3 {
            if case .send(let slot) = balancer.pick(at: at(1)) { running.append(slot) }
        }
        #expect(running.sorted() == [0, 1, 2])
        let fresh = Endpoint(.host("new", port: 1))
        let change = balancer.update([hosts(3)[0], hosts(3)[2], fresh], at: at(2))
        #expect(change.removed == [1])
        #expect(change.added == [3], "the slot of a call in flight is not used again")
        for step in 0..<20 { #expect(balancer.sent(at: at(2 + Double(step))) != 1) }
        balancer.ended(1, startedAt: at(1), .answered, at: at(3))
        let later = balancer.update(hosts(1) + [fresh, Endpoint(.host("b", port: 1))], at: at(4))
        #expect(later.removed == [2])
        #expect(later.added == [1])
        // The call on slot 2 still runs.
        balancer.ended(2, startedAt: at(1), .answered, at: at(5))
        #expect(balancer.current.sorted() == [0, 1, 3])
    }

    @Test("the same set changes nothing")
    func sameSet() {
        var balancer = balancer(.p2c, 3)
        let change = balancer.update(hosts(3).reversed(), at: at(1))
        #expect(change.added.isEmpty && change.removed.isEmpty)
        #expect(balancer.sent(at: at(1)) != nil)
    }
}

@Suite("Streams that are taken")
struct StreamLimitTests {
    @Test("8.4: another endpoint with room; then a queue of 100; then refusal")
    func order() {
        for policy in [LoadBalancing.p2c, .roundRobin, .ringHash(spill: .next)] {
            var balancer = balancer(policy, 3)
            for slot in 0..<3 { balancer.set(slot, capacity: 4) }
            var sent = [0, 0, 0]
            for _ in 0..<12 {
                guard case .send(let slot) = balancer.pick(key: 7, at: at(1)) else {
                    Issue.record("\(policy): not sent although there is room")
                    return
                }
                sent[slot] += 1
            }
            #expect(sent == [4, 4, 4])
            var queued = 0
            var full = 0
            for _ in 0..<500 {
                switch balancer.pick(key: 7, at: at(1)) {
                case .queue: queued += 1
                case .queueFull: full += 1
                default: Issue.record("\(policy): neither queued nor refused")
                }
            }
            #expect(queued + full == 500)
            #expect(
                policy == .ringHash(spill: .next) ? queued == 100 : (100...300).contains(queued))
        }
    }

    @Test("8.4: as many may wait as can be in flight, a thousand at most")
    func longerQueue() {
        for (capacity, places) in [(1, 100), (250, 250), (4_000, 1_000)] {
            var balancer = balancer(.pickFirst, 1)
            balancer.set(0, capacity: capacity)
            let picks = (0..<capacity + places + 1).map { _ in balancer.pick(at: at(1)) }
            #expect(picks.count { $0 == .send(0) } == capacity)
            #expect(picks.count { $0 == .queue(0) } == places)
            #expect(picks.last == .queueFull(0))
        }
    }

    @Test("a call that leaves the queue takes the stream that became free")
    func dequeue() {
        var balancer = balancer(.p2c, 1)
        balancer.set(0, capacity: 1)
        #expect(balancer.pick(at: at(1)) == .send(0))
        #expect(balancer.pick(at: at(1)) == .queue(0))
        balancer.ended(0, startedAt: at(1), .answered, at: at(2))
        balancer.dequeued(0, isSent: true, at: at(2))
        #expect(balancer.pick(at: at(2)) == .queue(0))
        balancer.dequeued(0, isSent: false, at: at(2))
        balancer.ended(0, startedAt: at(2), .answered, at: at(3))
        #expect(balancer.pick(at: at(3)) == .send(0))
    }

    @Test("a limit lowered below what is in flight queues until it fits")
    func lowered() {
        var balancer = balancer(.roundRobin, 1)
        for _ in 0..<5 { #expect(balancer.pick(at: at(1)) == .send(0)) }
        balancer.set(0, capacity: 1)
        for left in (0..<5).reversed() {
            #expect(balancer.pick(at: at(2)) == .queue(0))
            balancer.dequeued(0, isSent: false, at: at(2))
            balancer.ended(0, startedAt: at(1), .answered, at: at(2))
            #expect(left > 0 || balancer.pick(at: at(2)) == .send(0))
        }
    }
}

@Suite("Two at random")
struct PowerOfTwoTests {
    @Test("equal endpoints get equal shares")
    func even() {
        var balancer = balancer(.p2c, 4)
        var counts = [0, 0, 0, 0]
        var open: [(Int, Instant)] = []
        for step in 0..<8_000 {
            let now = at(Double(step) * 0.001)
            if case .send(let slot) = balancer.pick(at: now) {
                counts[slot] += 1
                open.append((slot, now))
            }
            if open.count > 10 {
                let (slot, start) = open.removeFirst()
                balancer.ended(slot, startedAt: start, .answered, at: now)
            }
        }
        for count in counts { #expect((1_700...2_300).contains(count), "\(counts)") }
    }

    @Test("R8: the avoided endpoint is left out if there is another one")
    func avoiding() {
        for count in 2...5 {
            var balancer = balancer(.p2c, count)
            for step in 0..<200 {
                let avoided = step % count
                #expect(balancer.sent(avoiding: avoided, at: at(Double(step))) != avoided)
            }
        }
        var alone = balancer(.p2c, 1)
        #expect(alone.sent(avoiding: 0, at: at(1)) == 0)
        var next = balancer(.roundRobin, 3)
        for step in 0..<30 { #expect(next.sent(avoiding: step % 3, at: at(1)) != step % 3) }
    }

    /// Calls that arrive at a steady rate, each taking as long as its endpoint does.
    private func shares(
        _ balancer: inout LoadBalancer, from start: Double, seconds: Double, perSecond: Int = 500,
        took: (Int, Double) -> (seconds: Double, outcome: CallOutcome)
    ) -> [Int: Int] {
        var counts: [Int: Int] = [:]
        var open: [(end: Double, slot: Int, start: Instant, outcome: CallOutcome)] = []
        for step in 0..<Int(seconds * Double(perSecond)) {
            let now = start + Double(step) / Double(perSecond)
            open.sort { $0.end < $1.end }
            while let first = open.first, first.end <= now {
                open.removeFirst()
                balancer.ended(
                    first.slot, startedAt: first.start, first.outcome, at: at(first.end))
            }
            guard case .send(let slot) = balancer.pick(at: at(now)) else { continue }
            counts[slot, default: 0] += 1
            let (time, outcome) = took(slot, now)
            open.append((now + time, slot, at(now), outcome))
        }
        // What would take for ever is given up.
        for call in open {
            let end = min(call.end, start + seconds + 1)
            balancer.ended(
                call.slot, startedAt: call.start, end == call.end ? call.outcome : .unknown,
                at: at(end))
        }
        return counts
    }

    @Test("row 6: one of three that is 200 ms slower gets less than a tenth", arguments: 1...8)
    func slowOne(_ seed: Int) {
        var balancer = balancer(.p2c, 3, seed: UInt64(seed))
        let counts = shares(&balancer, from: 0, seconds: 5) { slot, _ in
            (slot == 2 ? 0.202 : 0.002, .answered)
        }
        #expect(Double(counts[2] ?? 0) < 0.1 * 2_500, "seed \(seed): \(counts)")
    }

    @Test("row 3: one that stops answering is shunned by the age of its calls", arguments: 1...8)
    func silentOne(_ seed: Int) {
        var balancer = balancer(.p2c, 3, seed: UInt64(seed))
        _ = shares(&balancer, from: 0, seconds: 5) { _, _ in (0.002, .answered) }
        let counts = shares(&balancer, from: 20, seconds: 2) { slot, _ in
            (slot == 0 ? 1_000 : 0.002, .answered)
        }
        #expect((counts[0] ?? 0) < 30, "seed \(seed): \(counts)")
    }

    @Test("B2: an endpoint that fails in no time attracts no calls", arguments: 1...4)
    func fastFailure(_ seed: Int) {
        for outcome in [CallOutcome.overloaded, .broken] {
            // Two endpoints, so that no ejection helps.
            var balancer = balancer(.p2c, 2, seed: UInt64(seed))
            let counts = shares(&balancer, from: 0, seconds: 5) { slot, _ in
                slot == 1 ? (0.0001, outcome) : (0.005, .answered)
            }
            #expect(Double(counts[1] ?? 0) < 0.05 * 2_500, "seed \(seed): \(counts)")
        }
    }

    @Test("B1: a slow one comes back by and by once it is fast again")
    func recovery() {
        var balancer = balancer(.p2c, 2)
        _ = shares(&balancer, from: 0, seconds: 2) { slot, _ in
            (slot == 0 ? 0.2 : 0.002, .answered)
        }
        let counts = shares(&balancer, from: 120, seconds: 5) { _, _ in (0.002, .answered) }
        #expect((counts[0] ?? 0) > 1_000, "\(counts)")
    }

    @Test("B3: a newcomer's share grows over ten seconds", arguments: 1...4)
    func newcomer(_ seed: Int) {
        var balancer = balancer(.p2c, 3, seed: UInt64(seed))
        _ = shares(&balancer, from: 0, seconds: 5) { _, _ in (0.002, .answered) }
        _ = balancer.update(hosts(4), at: at(30))
        _ = balancer.pick(at: at(30))
        #expect(balancer.takeWanted() == [3])
        balancer.set(3, .ready, at: at(30))
        var parts: [Double] = []
        for part in 0..<3 {
            let counts = shares(&balancer, from: 30 + Double(part) * 5, seconds: 5) { _, _ in
                (0.002, .answered)
            }
            parts.append(Double(counts[3] ?? 0) / 2_500)
        }
        #expect(parts[0] < 0.13 && parts[0] > 0.01, "seed \(seed): \(parts)")
        #expect(parts[1] > parts[0], "seed \(seed): \(parts)")
        #expect(parts[2] > 0.18, "seed \(seed): \(parts)")
    }

    @Test("a stream counts as a call in flight, but its age does not")
    func streams() {
        var balancer = balancer(.p2c, 2)
        guard case .send(let busy) = balancer.pick(isTimed: false, at: at(0)) else { return }
        // Of three further calls at once the third goes there: a stream is one call, however old.
        let now = at(1_000)
        let others = (0..<3).map { _ in balancer.pick(at: now) }
        #expect(others.contains(.send(busy)))
        for case .send(let slot) in others {
            balancer.ended(slot, startedAt: now, .answered, at: now)
        }
        balancer.ended(busy, startedAt: nil, .answered, at: at(3_000))
    }
}

@Suite("Ejections in a pool")
struct PoolEjectionTests {
    @Test("an ejected endpoint gets no calls for 30 s")
    func ejected() {
        var balancer = balancer(.roundRobin, 3)
        var broken = 0
        var now = 0.0
        while broken < 5 {
            now += 0.001
            guard case .send(let slot) = balancer.pick(at: at(now)) else { return }
            balancer.ended(
                slot, startedAt: at(now), slot == 1 ? .broken : .answered, at: at(now))
            if slot == 1 { broken += 1 }
        }
        for step in 0..<60 { #expect(balancer.sent(at: at(now + Double(step) * 0.4)) != 1) }
        let used = (0..<6).compactMap { balancer.sent(at: at(40 + Double($0))) }
        #expect(used.contains(1))
    }

    @Test("row 13: with fewer than half left, ejections are ignored and counted")
    func panic() {
        var balancer = balancer(.roundRobin, 3)
        for _ in 0..<15 {
            guard case .send(let slot) = balancer.pick(at: at(1)) else { return }
            balancer.ended(slot, startedAt: at(1), slot == 2 ? .broken : .answered, at: at(1))
        }
        #expect(balancer.sent(at: at(2)) != 2)
        // The other two leave: what is left is the ejected one.
        let last = hosts(3)[2]
        _ = balancer.update([last], at: at(3))
        #expect(balancer.panics > 0)
        #expect(balancer.wantsResolution)
        #expect(balancer.sent(at: at(3)) == 2)
    }

    @Test("a single endpoint is never out of use by ejection")
    func single() {
        var balancer = balancer(.p2c, 1)
        for step in 0..<50 {
            #expect(balancer.sent(at: at(Double(step)), .broken) == 0)
        }
    }
}

@Suite("Pick first")
struct PickFirstTests {
    @Test("N4: attempts 250 ms apart, IPv6 and IPv4 in turn; a failure starts the next at once")
    func race() {
        var balancer = LoadBalancer(.pickFirst, now: at(0), generator: SeededGenerator(seed: 3))
        let four = ["1.1.1.1", "1.1.1.2"].map { Endpoint(.host($0, port: 1)) }
        let six = ["2::1", "2::2"].map { Endpoint(.host($0, port: 1)) }
        _ = balancer.update(four + six, at: at(0))
        var order: [Int] = []
        #expect(balancer.pick(at: at(0)) == .wait)
        order += balancer.takeWanted()
        #expect(balancer.pick(at: at(0.249)) == .wait)
        #expect(balancer.takeWanted().isEmpty)
        #expect(balancer.nextAttempt(after: at(0.249)) == at(0.25))
        #expect(balancer.pick(at: at(0.25)) == .wait)
        order += balancer.takeWanted()
        balancer.set(order[1], .failed(until: at(1)), at: at(0.26))
        #expect(balancer.pick(at: at(0.5)) == .wait)
        order += balancer.takeWanted()
        #expect(order.map { $0 >= 2 } == [true, false, true], "6, 4, 6")
        balancer.set(order[2], .ready, at: at(0.6))
        #expect(balancer.pick(at: at(0.6)) == .send(order[2]))
        #expect(balancer.losers == [order[0]])
    }

    @Test("it stays with its choice as long as that lives")
    func stays() {
        var balancer = balancer(.pickFirst, 3, isReady: false)
        _ = balancer.pick(at: at(0))
        let chosen = balancer.takeWanted()
        balancer.set(chosen[0], .ready, at: at(0.1))
        for step in 0..<20 { #expect(balancer.sent(at: at(Double(step))) == chosen[0]) }
        #expect(balancer.losers.isEmpty)
        balancer.set(chosen[0], .failed(until: at(100)), at: at(30))
        #expect(balancer.pick(at: at(30)) == .wait)
        let next = balancer.takeWanted()
        #expect(next.count == 1 && next != chosen)
        balancer.set(next[0], .ready, at: at(31))
        #expect(balancer.sent(at: at(31)) == next[0])
    }

    @Test("clients shuffle, so that not all choose the same")
    func shuffled() {
        var first: Set<Int> = []
        for seed in 0..<40 {
            var balancer = balancer(.pickFirst, 3, seed: UInt64(seed), isReady: false)
            _ = balancer.pick(at: at(0))
            first.formUnion(balancer.takeWanted())
        }
        #expect(first == [0, 1, 2])
    }
}

@Suite("Hash by key")
struct RingPolicyTests {
    @Test("equal keys go to the same endpoint; two clients agree, whatever the order")
    func agreement() {
        var one = balancer(.ringHash(spill: .never), 5, seed: 1)
        var other = LoadBalancer(
            .ringHash(spill: .never), now: at(0), generator: SeededGenerator(seed: 2))
        _ = other.update(hosts(5).reversed(), at: at(0))
        other.connectAll(at: at(0))
        for slot in other.takeWanted() { other.set(slot, .ready, at: at(0)) }
        for key in 0..<500 {
            let hash = XXH64.hash("\(key)")
            let slot = one.sent(key: hash, at: at(1))
            #expect(slot == one.sent(key: hash, at: at(2)))
            #expect(
                slot.map { one.endpoints[$0] }
                    == other.sent(key: hash, at: at(1)).map { other.endpoints[$0] })
        }
    }

    private func ownedKey(by slot: Int, _ balancer: LoadBalancer) -> UInt64 {
        (0...).lazy.map { XXH64.hash("\($0)") }
            .first { balancer.ring.owner(of: $0) == slot } ?? 0
    }

    @Test("only the owner is connected, when a call needs it")
    func lazy() {
        var balancer = balancer(.ringHash(spill: .never), 5, isReady: false)
        let key = ownedKey(by: 3, balancer)
        #expect(balancer.pick(key: key, at: at(0)) == .wait)
        #expect(balancer.takeWanted() == [3])
    }

    @Test("B4: spill never fails if the owner is down, and waits if it is coming up")
    func never() {
        var balancer = balancer(.ringHash(spill: .never), 3)
        let key = ownedKey(by: 1, balancer)
        balancer.set(1, .failed(until: at(5)), at: at(1))
        #expect(balancer.pick(key: key, at: at(2)) == .fail(1))
        #expect(balancer.pick(key: key, avoiding: 1, at: at(2)) == .fail(1))
        #expect(balancer.pick(key: key, at: at(5)) == .wait)
        #expect(balancer.takeWanted() == [1])
        balancer.set(1, .ready, at: at(6))
        #expect(balancer.pick(key: key, avoiding: 1, at: at(6)) == .send(1))
    }

    @Test("B4: an owner that would rather not serve is asked if nobody has its state")
    func unwillingOwner() {
        for (spill, expected) in [(LoadBalancing.Spill.never, true), (.next, false)] {
            var balancer = balancer(.ringHash(spill: spill), 3)
            let key = ownedKey(by: 1, balancer)
            balancer.set(1, .unwilling, at: at(1))
            #expect((balancer.sent(key: key, at: at(1)) == 1) == expected)
            for slot in [0, 2] { balancer.set(slot, .failed(until: at(60)), at: at(2)) }
            #expect(balancer.sent(key: key, at: at(2)) == 1, "there is no other")
        }
    }

    @Test("B4: spill never asks an ejected owner all the same")
    func neverEjected() {
        var balancer = balancer(.ringHash(spill: .never), 3)
        let key = ownedKey(by: 1, balancer)
        for _ in 0..<20 { #expect(balancer.sent(key: key, at: at(1), .broken) == 1) }
    }

    @Test("B4: spill next walks the ring, and comes back with the owner")
    func next() {
        var balancer = balancer(.ringHash(spill: .next), 3)
        let key = ownedKey(by: 1, balancer)
        let other = ownedKey(by: 0, balancer)
        balancer.set(1, .failed(until: at(5)), at: at(1))
        let spilled = balancer.sent(key: key, at: at(2))
        #expect(spilled != nil && spilled != 1)
        #expect(balancer.sent(key: key, at: at(3)) == spilled)
        #expect(balancer.sent(key: other, at: at(3)) == 0, "other keys stay")
        balancer.set(1, .ready, at: at(6))
        #expect(balancer.sent(key: key, at: at(6)) == 1)
        #expect(balancer.sent(key: key, avoiding: 1, at: at(6)) == spilled)
        for slot in 0..<3 { balancer.set(slot, .failed(until: at(60)), at: at(7)) }
        guard case .fail = balancer.pick(key: key, at: at(8)) else {
            Issue.record("a call did not fail although all are down")
            return
        }
    }

    @Test("calls without a key are spread")
    func keyless() {
        var balancer = balancer(.ringHash(spill: .never), 3)
        var counts = [0, 0, 0]
        for _ in 0..<3_000 { counts[balancer.sent(at: at(1)) ?? 0] += 1 }
        for count in counts { #expect(count > 600, "\(counts)") }
    }
}

@Suite("A balancer under random events")
struct LoadBalancerStormTests {
    @Test("every reservation ends, no gone slot is chosen", arguments: 1...40)
    func storm(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let policies: [LoadBalancing] = [
            .p2c, .roundRobin, .pickFirst, .ringHash(spill: .never), .ringHash(spill: .next),
        ]
        var balancer = LoadBalancer(
            policies[seed % policies.count], now: at(0),
            generator: SeededGenerator(seed: UInt64(seed)))
        let names = hosts(8)
        var open: [(slot: Int, endpoint: Endpoint, start: Instant)] = []
        var queued: [Int] = []
        var now = at(0)
        for _ in 0..<3_000 {
            now = now + .milliseconds(random.index(below: 400))
            switch random.index(below: 10) {
            case 0:
                _ = balancer.update(names.filter { _ in random.index(below: 3) > 0 }, at: now)
            case 1, 2:
                for slot in balancer.takeWanted() where balancer.current.contains(slot) {
                    let isUp = random.index(below: 4) > 0
                    balancer.set(slot, isUp ? .ready : .failed(until: now + .seconds(1)), at: now)
                    balancer.set(slot, capacity: random.index(below: 6))
                }
            case 3:
                if let slot = balancer.current.randomElement(using: &random) {
                    balancer.set(slot, .idle, at: now)
                }
            case 4, 5:
                while let call = open.popLast() {
                    #expect(balancer.endpoints[call.slot] == call.endpoint, "seed \(seed)")
                    let outcomes: [CallOutcome] = [.answered, .broken, .failed, .unknown]
                    balancer.ended(
                        call.slot, startedAt: call.start,
                        outcomes[random.index(below: outcomes.count)], at: now)
                }
                for slot in queued { balancer.dequeued(slot, isSent: false, at: now) }
                queued = []
            default:
                switch balancer.pick(key: random.next(), at: now) {
                case .send(let slot):
                    #expect(balancer.current.contains(slot), "seed \(seed)")
                    #expect(balancer.state(of: slot) == .ready, "seed \(seed)")
                    #expect(balancer.members[slot].inFlight <= balancer.members[slot].capacity)
                    open.append((slot, balancer.endpoints[slot], now))
                case .queue(let slot): queued.append(slot)
                case .queueFull, .wait, .fail: break
                }
            }
        }
        for call in open { balancer.ended(call.slot, startedAt: call.start, .unknown, at: now) }
        for slot in queued { balancer.dequeued(slot, isSent: false, at: now) }
        _ = balancer.update([], at: now)
        for member in balancer.members {
            #expect(member.inFlight == 0 && member.queued == 0 && member.timed == 0, "seed \(seed)")
            #expect(member.starts == 0 && member.phase == .gone, "seed \(seed)")
        }
    }
}

@Suite("Servers that say that they do not serve")
struct UnwillingTests {
    @Test(
        "they get no call while another is ready or may be soon, and all calls where there is none",
        arguments: [LoadBalancing.p2c, .roundRobin, .pickFirst])
    func forWantOfOthers(policy: LoadBalancing) {
        var balancer = balancer(policy, 2)
        balancer.set(0, .unwilling, at: at(1))
        #expect(balancer.wantsResolution)
        for _ in 0..<20 { #expect(balancer.sent(at: at(1)) == 1) }
        balancer.set(1, .idle, at: at(2))
        #expect(balancer.pick(at: at(2)) == .wait)
        #expect(balancer.takeWanted() == [1])
        balancer.set(1, .failed(until: at(5)), at: at(2.1))
        for _ in 0..<20 { #expect(balancer.sent(at: at(3)) == 0) }
        #expect(balancer.sent(at: at(6)) == 0)
        #expect(balancer.takeWanted() == [1], "the other one is tried again beside it")
        #expect(balancer.losers.isEmpty)
        balancer.set(1, .ready, at: at(7))
        for _ in 0..<20 { #expect(balancer.sent(at: at(7)) == 1) }
    }
}
