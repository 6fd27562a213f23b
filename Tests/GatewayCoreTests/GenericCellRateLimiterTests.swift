import Testing

@testable import GatewayCore

/// Numbers for property tests: a fixed seed is part of every failure.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

@Suite struct GenericCellRateLimiterTests {
    private func limiter(_ limit: Int, _ seconds: Int64, _ burst: Int) throws
        -> GenericCellRateLimiter
    {
        GenericCellRateLimiter(
            try #require(RateLimit(limit: limit, period: .seconds(seconds), burst: burst)))
    }

    @Test("the default plan admits 100 at once, refuses the 101st, and earns one per 600 ms")
    func defaultPlan() throws {
        let limiter = GenericCellRateLimiter(GatewayConfiguration.Plan.standard.client.rate)
        var arrival: Int64?
        for count in 1...100 {
            let decision = limiter.decide(arrival: arrival, now: 5)
            #expect(decision.isAdmitted && decision.remaining == 100 - count)
            arrival = decision.arrival
        }
        let refused = limiter.decide(arrival: arrival, now: 5)
        #expect(!refused.isAdmitted && refused.wait == 600_000_000 && refused.arrival == arrival)
        #expect(refused.untilFull == 60_000_000_000)
        #expect(!limiter.decide(arrival: arrival, now: 5 + 599_999_999).isAdmitted)
        #expect(limiter.decide(arrival: arrival, now: 5 + 600_000_000).isAdmitted)
    }

    @Test(
        "every decision is that of a token bucket with exact integers, clocks jumping back included"
    )
    func bucketOracle() throws {
        for seed in UInt64(1)...40 {
            var random = TestRandom(state: seed)
            let limiter = try limiter(
                .random(in: 1...5_000, using: &random), .random(in: 1...90, using: &random),
                .random(in: 1...300, using: &random))
            var bucket = Bucket(limiter)
            var arrival: Int64?
            var now: Int64 = 1_000_000_000_000
            for step in 0..<600 {
                let jump = Int.random(in: 0..<20, using: &random)
                let spread = limiter.cell * 3
                if jump == 0 { now -= .random(in: 0...spread, using: &random) }
                if jump > 3 { now += .random(in: 0...spread, using: &random) }
                let cost = Int.random(in: 0...limiter.rate.burst + 1, using: &random) % 9
                let decision = limiter.decide(arrival: arrival, now: now, cost: cost)
                let expected = bucket.take(cost, at: now)
                #expect(
                    decision.isAdmitted == expected.admitted && decision.wait == expected.wait
                        && decision.remaining == expected.remaining,
                    "seed \(seed), step \(step): \(decision) against \(expected)")
                arrival = decision.arrival
            }
        }
    }

    /// The same limit told as a bucket of nanoseconds that fills by itself.
    private struct Bucket {
        let depth: Int128
        let cell: Int128
        let burst: Int
        /// When the bucket will be full.
        var full: Int128?

        init(_ limiter: GenericCellRateLimiter) {
            let rate = limiter.rate
            let period = Int128(rate.period.components.seconds) * 1_000_000_000
            cell = (period + Int128(rate.limit) - 1) / Int128(rate.limit)
            depth = cell * Int128(rate.burst)
            burst = rate.burst
        }

        mutating func take(_ cost: Int, at now: Int64) -> (
            admitted: Bool, wait: Int64, remaining: Int
        ) {
            let missing = min(max(0, (full ?? Int128(now)) - Int128(now)), depth)
            let level = depth - missing
            let price = cost > burst ? depth + 1 : Int128(cost) * cell
            full = Int128(now) + missing
            guard price <= level else { return (false, Int64(price - level), Int(level / cell)) }
            full = Int128(now) + missing + price
            return (true, 0, Int((level - price) / cell))
        }
    }

    @Test("in every window the admitted are at most the burst and what the rate brings")
    func bound() throws {
        for seed in UInt64(1)...30 {
            var random = TestRandom(state: seed)
            let limiter = try limiter(
                .random(in: 1...200_000, using: &random), .random(in: 1...60, using: &random),
                .random(in: 1...50, using: &random))
            var arrival: Int64?
            var now: Int64 = 0
            var admitted: [Int64] = []
            while admitted.count < 200 {
                now += .random(in: 0...limiter.cell * 2, using: &random)
                let decision = limiter.decide(arrival: arrival, now: now)
                arrival = decision.arrival
                if decision.isAdmitted { admitted.append(now) }
            }
            let rate = limiter.rate
            let period = Int128(rate.period.components.seconds) * 1_000_000_000
            var worst = Int128.min
            for first in admitted.indices {
                for last in first..<admitted.count {
                    let window = Int128(admitted[last] - admitted[first])
                    let count = Int128(last - first + 1)
                    let allowed = Int128(rate.burst) * period + Int128(rate.limit) * window
                    worst = max(worst, count * period - allowed)
                }
            }
            #expect(worst <= 0, "seed \(seed)")
        }
    }

    @Test(
        "a time from a larger plan, or from before the clock was set back, is clamped to a full debt"
    )
    func clamped() throws {
        let limiter = try limiter(10, 1, 5)
        let decision = limiter.decide(arrival: .max, now: 100)
        #expect(!decision.isAdmitted && decision.wait == limiter.cell)
        #expect(decision.arrival == 100 + limiter.depth)
        #expect(!limiter.decide(arrival: nil, now: .max - 1, cost: 6).isAdmitted)
    }

    @Test("a cost above the burst is never admitted, a cost of nothing always")
    func costs() throws {
        let limiter = try limiter(10, 1, 5)
        #expect(!limiter.decide(arrival: nil, now: 0, cost: 6).isAdmitted)
        #expect(limiter.decide(arrival: nil, now: 0, cost: 5).isAdmitted)
        #expect(limiter.decide(arrival: limiter.depth, now: 0, cost: 0).isAdmitted)
    }

    @Test("rates out of range are no rates")
    func ranges() {
        #expect(RateLimit(limit: 0, period: .seconds(1), burst: 1) == nil)
        #expect(RateLimit(limit: 1, period: .seconds(0), burst: 1) == nil)
        #expect(RateLimit(limit: 1, period: .milliseconds(1500), burst: 1) == nil)
        #expect(RateLimit(limit: 1, period: .seconds(1), burst: 0) == nil)
        #expect(RateLimit(limit: 1_000_001, period: .seconds(1), burst: 1) == nil)
        #expect(RateLimit(limit: 1_000_000, period: .seconds(1), burst: 1) != nil)
        #expect(RateLimit(limit: 1, period: .seconds(2_678_400), burst: 2) == nil)
        #expect(RateLimit(limit: 1, period: .seconds(2_678_401), burst: 1) == nil)
        #expect(RateLimit(limit: .max, period: .seconds(Int64.max), burst: .max) == nil)
    }
}

@Suite struct RateLimitTableTests {
    private let limiter = GenericCellRateLimiter(GatewayConfiguration.Plan.standard.client.rate)

    @Test("callers do not share their rates")
    func apart() {
        let table = RateLimitTable(capacity: 1024, seed: 1)
        for caller in 0..<500 {
            for _ in 0..<100 {
                #expect(table.decide("key\(caller)", limiter, now: 10).isAdmitted)
            }
        }
        for caller in 0..<500 {
            #expect(!table.decide("key\(caller)", limiter, now: 10).isAdmitted)
        }
    }

    @Test("a full table errs to the strict side and forgets when the time has come")
    func full() {
        var slots = Slots(capacity: 16)
        var random = TestRandom(state: 5)
        let hashes = (0..<4_000).map { _ in random.next() }
        var admitted = 0
        for hash in hashes {
            for _ in 0..<101 {
                admitted += slots.decide(hash, limiter, now: 10, cost: 1).isAdmitted ? 1 : 0
            }
        }
        #expect(admitted <= 4_000 * 100 && admitted >= 16 * 100)
        let later: Int64 = 10 + 61_000_000_000
        #expect(slots.decide(hashes[3_999], limiter, now: later, cost: 1).remaining == 99)
    }

    @Test("a table grows, and forgets nobody while it does")
    func growth() {
        var slots = Slots(capacity: 1 << 16)
        var random = TestRandom(state: 7)
        let hashes = (0..<40_000).map { _ in random.next() }
        for hash in hashes { _ = slots.decide(hash, limiter, now: 10, cost: 1) }
        let fresh = hashes.count { slots.decide($0, limiter, now: 10, cost: 0).remaining > 99 }
        #expect(fresh == 0)
        // Hardly anybody shares a place.
        let apart = hashes.count { slots.decide($0, limiter, now: 10, cost: 0).remaining == 99 }
        #expect(apart > 39_000)
    }

    @Test("who had no place of its own is not forgotten when there is one")
    func displaced() {
        var slots = Slots(capacity: 16)
        let single = GenericCellRateLimiter(.least)
        // All on one place: sixteen fill what is near, the next has to share.
        for key in 0..<17 {
            #expect(slots.decide(UInt64(key) << 40 | 1, single, now: 10, cost: 1).isAdmitted)
        }
        let last = UInt64(16) << 40 | 1
        #expect(!slots.decide(last, single, now: 500_000_000, cost: 1).isAdmitted)
        #expect(slots.decide(last, single, now: 1_000_000_010, cost: 1).isAdmitted)
    }

    @Test("requests that come at once from many threads spend exactly the burst")
    func concurrent() async {
        let table = RateLimitTable(capacity: 64, seed: 9)
        let limiter = limiter
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<100).count { _ in table.decide("one", limiter, now: 3).isAdmitted }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 100)
    }
}
