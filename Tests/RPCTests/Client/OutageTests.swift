import Testing

@testable import RPC

private func at(_ seconds: Double) -> Instant {
    Instant(nanoseconds: 1_000_000_000_000) + .seconds(seconds)
}

/// What a circuit goes by: whether there is anything worth waiting for.
@Suite("Targets of which nothing is left")
struct OutageTests {
    @Test("down are all that have failed within a minute, also while they are tried again")
    func down() {
        var balancer = LoadBalancer(.p2c, now: at(0), generator: SeededGenerator(seed: 1))
        #expect(!balancer.isDown(at: at(0)), "nothing is known yet")
        let hosts = (0..<2).map { Endpoint(.host("10.0.0.\($0)", port: 1)) }
        _ = balancer.update(hosts, at: at(0))
        #expect(balancer.pick(at: at(0)) == .wait)
        _ = balancer.takeWanted()
        #expect(!balancer.isDown(at: at(0)), "they are tried for the first time")
        balancer.set(0, .failed(until: at(2)), at: at(1))
        #expect(!balancer.isDown(at: at(1)), "the other one may be there")
        balancer.set(1, .failed(until: at(2)), at: at(1))
        #expect(balancer.isDown(at: at(1)))
        #expect(balancer.pick(at: at(3)) == .wait && balancer.isDown(at: at(3)))
        #expect(balancer.takeWanted() == [0, 1], "a call that does not wait has them tried")
        #expect(!balancer.isDown(at: at(62)), "long ago: worth waiting for")
        balancer.set(1, .ready, at: at(63))
        #expect(!balancer.isDown(at: at(63)))
        // Lost, and not tried again yet.
        balancer.set(1, .idle, at: at(64))
        balancer.set(0, .failed(until: at(66)), at: at(64))
        #expect(!balancer.isDown(at: at(64)))
    }
}
