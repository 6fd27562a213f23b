/// A length of time in seconds and nanoseconds, of the same sign, at most about 10,000 years.
///
/// Not Swift's `Duration`, whose attoseconds would not survive a round trip.
@frozen
public struct TimeSpan: Sendable, Hashable {
    public let seconds: Int64
    @usableFromInline let storedNanoseconds: Int32

    @inlinable public var nanoseconds: Int { Int(storedNanoseconds) }

    /// Nil over 315,576,000,000 s, over 999,999,999 ns, or with opposed signs.
    @inlinable
    public init?(seconds: Int64, nanoseconds: Int = 0) {
        guard seconds.magnitude <= 315_576_000_000, nanoseconds.magnitude <= 999_999_999,
            seconds == 0 || nanoseconds == 0 || (seconds < 0) == (nanoseconds < 0)
        else { return nil }
        self.seconds = seconds
        storedNanoseconds = Int32(truncatingIfNeeded: nanoseconds)
    }

    /// Any `Int64` of nanoseconds is a time span.
    @inlinable
    public init(nanoseconds total: Int64) {
        let (whole, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        seconds = whole
        storedNanoseconds = Int32(truncatingIfNeeded: rest)
    }

    /// Nil beyond about 292 years.
    @inlinable
    public var totalNanoseconds: Int64? {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (total, carry) = whole.addingReportingOverflow(Int64(storedNanoseconds))
        return overflow || carry ? nil : total
    }

    @inlinable
    public static func blank() -> TimeSpan { TimeSpan(nanoseconds: 0) }
}

extension TimeSpan: Comparable {
    @inlinable
    public static func < (a: TimeSpan, b: TimeSpan) -> Bool {
        (a.seconds, a.storedNanoseconds) < (b.seconds, b.storedNanoseconds)
    }
}
