import Testing

@testable import GatewayCore

@Suite("The breaker in front of a store")
struct StoreBreakerTests {
    private func epoch(_ turn: StoreBreaker.Turn) throws -> Int {
        guard case .ask(let epoch) = turn else { throw CancellationError() }
        return epoch
    }

    @Test("half of the last twenty answers open it, although never five in a row")
    func half() throws {
        var breaker = StoreBreaker()
        for step in 0..<40 {
            let epoch = try epoch(breaker.next(at: 0, isReady: true))
            if step % 2 == 0 {
                breaker.failed(epoch, at: 0, entropy: 0)
            } else {
                breaker.succeeded(epoch)
            }
            if !breaker.isClosed { return #expect(step == 18) }
        }
        Issue.record("it never opened")
    }

    @Test("pauses grow up to their bound, a fifth more or less, and begin anew after a success")
    func pauses() throws {
        for seed in UInt64(1)...20 {
            var random = TestRandom(state: seed)
            var breaker = StoreBreaker()
            var now: Int64 = 0
            for _ in 0..<5 {
                let epoch = try epoch(breaker.next(at: now, isReady: true))
                breaker.failed(epoch, at: now, entropy: random.next())
            }
            for expected in [250, 400, 400, 400] as [Int64] {
                let start = now
                while case .leave = breaker.next(at: now, isReady: true) { now += 1_000_000 }
                let pause = (now - start) / 1_000_000
                #expect(abs(pause - expected) <= expected / 5 + 1)
                #expect(breaker.next(at: now, isReady: true) == .leave, "one probe alone")
                breaker.failed(breakerEpoch(breaker), at: now, entropy: random.next())
            }
            while case .leave = breaker.next(at: now, isReady: true) { now += 1_000_000 }
            breaker.succeeded(breakerEpoch(breaker))
            #expect(breaker.isClosed)
        }
    }

    /// The number that the probe was given.
    private func breakerEpoch(_ breaker: StoreBreaker) -> Int { breaker.epoch }

    @Test("answers to questions from before it opened change nothing")
    func late() throws {
        var breaker = StoreBreaker()
        let old = try epoch(breaker.next(at: 0, isReady: true))
        for _ in 0..<5 { breaker.failed(old, at: 0, entropy: 0) }
        #expect(!breaker.isClosed)
        breaker.succeeded(old)
        #expect(!breaker.isClosed)
        let probe = try epoch(breaker.next(at: 1_000_000_000, isReady: true))
        breaker.failed(old, at: 1_000_000_000, entropy: 0)
        breaker.succeeded(probe)
        #expect(breaker.isClosed)
        for _ in 0..<50 { breaker.failed(old, at: 1_000_000_000, entropy: 0) }
        #expect(breaker.isClosed)
    }

    @Test("nothing is asked while there is no connection, and at once when there is one again")
    func disconnected() throws {
        var breaker = StoreBreaker()
        for _ in 0..<5 {
            breaker.failed(
                try epoch(breaker.next(at: 0, isReady: false)), at: 0, entropy: 0)
        }
        for now in stride(from: Int64(0), to: 5_000_000_000, by: 50_000_000) {
            #expect(breaker.next(at: now, isReady: false) == .leave)
        }
        #expect(breaker.next(at: 5_000_000_000, isReady: true) != .leave)
    }
}
