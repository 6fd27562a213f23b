import Testing

@testable import RPC

@Suite("The limit that follows how long calls take")
struct GradientLimitTests {
    /// Windows of 100 calls of equal length.
    private static func feed(
        _ limit: inout GradientLimit, windows: Int, took: Duration, use: Double = 1,
        from start: Instant = Instant(nanoseconds: 1)
    ) {
        for _ in 0..<windows {
            for _ in 0..<100 {
                limit.used(Int(Double(limit.limit) * use))
                limit.finished(took: took, at: start)
            }
        }
    }

    @Test("it begins at its maximum and stays there while calls take their time")
    func steady() {
        var limit = GradientLimit(minimum: 4, maximum: 64)
        Self.feed(&limit, windows: 50, took: .milliseconds(5))
        #expect(limit.limit == 64)
    }

    @Test("it falls when calls take longer, to the minimum and not below")
    func falls() {
        var limit = GradientLimit(minimum: 4, maximum: 64)
        Self.feed(&limit, windows: 50, took: .milliseconds(5))
        Self.feed(&limit, windows: 5, took: .milliseconds(50))
        #expect(limit.limit < 50)
        Self.feed(&limit, windows: 60, took: .milliseconds(50))
        #expect((4...16).contains(limit.limit), "\(limit.limit)")
    }

    @Test("it grows again when calls are quick")
    func recovers() {
        var limit = GradientLimit(minimum: 4, maximum: 64)
        Self.feed(&limit, windows: 50, took: .milliseconds(5))
        Self.feed(&limit, windows: 40, took: .milliseconds(50))
        Self.feed(&limit, windows: 100, took: .milliseconds(5))
        #expect(limit.limit == 64)
    }

    @Test("one window moves it by the published formula")
    func formula() {
        var limit = GradientLimit(minimum: 4, maximum: 100)
        Self.feed(&limit, windows: 20, took: .milliseconds(10))
        Self.feed(&limit, windows: 1, took: .milliseconds(30))
        // The long mean is 10 ms + 20 ms × 2 ÷ 601; the gradient is 1.5 × 10.07 ÷ 30.
        let gradient = 1.5 * (10 + 20 * 2.0 / 601) / 30
        #expect(limit.limit == Int(0.8 * 100 + 0.2 * (gradient * 100 + 4)))
    }

    @Test("while less than half is in use it does not change")
    func unused() {
        var limit = GradientLimit(minimum: 4, maximum: 64)
        Self.feed(&limit, windows: 50, took: .milliseconds(5))
        Self.feed(&limit, windows: 50, took: .milliseconds(500), use: 0.4)
        #expect(limit.limit == 64)
    }

    @Test("a quarter of a second is a window too, however few the calls")
    func slowWindows() {
        var limit = GradientLimit(minimum: 4, maximum: 64)
        Self.feed(&limit, windows: 20, took: .milliseconds(5))
        var now = Instant(nanoseconds: 1)
        for _ in 0..<20 {
            now = now + .milliseconds(130)
            limit.used(64)
            limit.finished(took: .milliseconds(100), at: now)
        }
        #expect(limit.limit < 40)
    }

    @Test("times of nothing and of for ever do no harm")
    func extremes() {
        var limit = GradientLimit(minimum: 4, maximum: 64)
        for took in [Duration.zero, .seconds(-5), .seconds(Int64.max), .nanoseconds(1)] {
            Self.feed(&limit, windows: 30, took: took)
            #expect((4...64).contains(limit.limit))
        }
    }
}
