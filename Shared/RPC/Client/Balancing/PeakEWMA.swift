internal import Glibc

/// A latency that follows a rise at once and forgets it slowly: a higher sample replaces the value,
/// which otherwise decays with a time constant of 10 s (after Finagle's "Peak EWMA").
package struct PeakEWMA: Sendable {
    private static let timeConstant = 10.0

    /// Seconds, as of `stamp`.
    private var peak: Double
    private var stamp: Instant

    package init(_ seconds: Double, at now: Instant) {
        peak = seconds
        stamp = now
    }

    package mutating func observe(_ sample: Duration, at now: Instant) {
        peak = max(sample / .seconds(1), value(at: now))
        stamp = max(stamp, now)
    }

    /// Seconds. Without samples it falls, so an endpoint that was slow is tried again some day.
    package func value(at now: Instant) -> Double {
        if now <= stamp { return peak }
        return peak * exp(-(Double(now.nanoseconds - stamp.nanoseconds) * 1e-9) / Self.timeConstant)
    }
}
