/// A limit of concurrency that follows how long calls take: while they take about as long as ever it
/// grows, and when they take longer it falls, since then more of them only wait for each other.
///
/// Gradient2 of Netflix's concurrency-limits, with the numbers of the specification: every 100 calls
/// or 250 ms, `g = clamp(1.5 × long ÷ short, 0.5, 1)` with the mean time of this window and the
/// exponential mean over 600 windows; `limit ← 0.8 × limit + 0.2 × (g × limit + 4)`.
package struct GradientLimit: Sendable {
    private static let tolerance = 1.5
    private static let headroom = 4.0
    private static let smoothing = 0.2
    private static let longWindows = 600.0
    private static let windowCalls = 100
    private static let windowLength = Duration.milliseconds(250)
    /// Until there are so many windows the long mean is their plain mean.
    private static let warmUpWindows = 10.0

    private let range: ClosedRange<Double>
    private var exact: Double
    /// Nanoseconds; nil before the first window.
    private var long: Double?
    private var windows = 0.0
    private var windowStart: Instant?
    private var sum = 0.0
    private var count = 0
    private var peak = 0

    /// Whole calls.
    package private(set) var limit: Int

    package init(minimum: Int, maximum: Int) {
        range = Double(minimum)...Double(maximum)
        exact = Double(maximum)
        limit = maximum
    }

    /// Notes how many handlers ran at once.
    package mutating func used(_ running: Int) {
        if running > peak { peak = running }
    }

    /// Notes a handler that took so long, and adapts when the window is full.
    package mutating func finished(took: Duration, at now: Instant) {
        sum += Double(max(0, took.saturatedNanoseconds))
        count += 1
        guard let start = windowStart else {
            windowStart = now
            return
        }
        if count < Self.windowCalls && now - start < Self.windowLength { return }
        adapt(short: max(1, sum / Double(count)))
        windowStart = now
        sum = 0
        count = 0
        peak = 0
    }

    private mutating func adapt(short: Double) {
        let long = lengthen(short)
        // Too little is in use to learn anything about the limit.
        if peak * 2 < limit { return }
        let gradient = min(1, max(0.5, Self.tolerance * long / short))
        let target = gradient * exact + Self.headroom
        let next = (1 - Self.smoothing) * exact + Self.smoothing * target
        exact = min(range.upperBound, max(range.lowerBound, next))
        limit = Int(exact)
    }

    /// Takes the window into the long mean. After a long time of slow calls the mean comes down
    /// quickly, so that it is soon a measure again.
    private mutating func lengthen(_ short: Double) -> Double {
        windows += 1
        guard let before = long else {
            long = short
            return short
        }
        let weight =
            windows <= Self.warmUpWindows ? 1 / windows : 2 / (Self.longWindows + 1)
        var mean = before + (short - before) * weight
        if mean > 2 * short { mean *= 0.95 }
        long = mean
        return mean
    }
}
