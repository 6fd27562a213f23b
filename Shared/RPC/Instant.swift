/// A point on the process's monotonic clock, in nanoseconds. Who needs "now" is given it.
public struct Instant: Sendable, Hashable, Comparable {
    public var nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates at both ends; negative durations go back.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let delta = duration.saturatedNanoseconds
        if delta == .max { return .distantFuture }
        if delta >= 0 {
            let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(UInt64(delta))
            return Instant(nanoseconds: overflow ? .max : sum)
        }
        let (rest, overflow) = instant.nanoseconds.subtractingReportingOverflow(delta.magnitude)
        return Instant(nanoseconds: overflow ? 0 : rest)
    }

    /// The time from `right` to `left`.
    public static func - (left: Instant, right: Instant) -> Duration {
        if left >= right {
            let delta = left.nanoseconds - right.nanoseconds
            return .nanoseconds(Int64(clamping: delta))
        }
        return .nanoseconds(-Int64(clamping: right.nanoseconds - left.nanoseconds))
    }
}

extension Duration {
    /// Whole nanoseconds, clamped to what 64 bits hold (292 years).
    package var saturatedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}

/// The instant after which nobody waits for a call's result any more.
public struct Deadline: Sendable, Hashable, Comparable {
    public var instant: Instant

    public init(_ instant: Instant) { self.instant = instant }

    /// No deadline at all.
    public static let none = Deadline(.distantFuture)

    public static func < (left: Deadline, right: Deadline) -> Bool { left.instant < right.instant }

    public func hasPassed(at now: Instant) -> Bool { instant <= now }

    /// What is left at `now`, never negative; nil if there is no deadline.
    public func remaining(at now: Instant) -> Duration? {
        if self == .none { return nil }
        return instant <= now ? .zero : instant - now
    }

    /// The deadline that a child call inherits: what is left, minus a margin for our own reply: a tenth
    /// of what is left, at most what a call takes there and back and 1 ms.
    ///
    /// - Parameter roundTrip: how long calls to the same target take; 4 ms if nobody knows yet.
    public func child(at now: Instant, roundTrip: Duration? = nil) -> Deadline {
        guard let left = remaining(at: now) else { return .none }
        let margin = min(left / 10, (roundTrip ?? .milliseconds(4)) + .milliseconds(1))
        return Deadline(instant + (.zero - margin))
    }
}
