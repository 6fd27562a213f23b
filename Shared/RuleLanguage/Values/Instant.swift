/// A moment in UTC, to the nanosecond, within the years 1 to 9999.
public struct Instant: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let seconds: Int64
    /// 0 to 999,999,999, after `seconds`.
    public let nanoseconds: Int32

    static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Nil outside of the years 1 to 9999.
    public init?(checkedSeconds seconds: Int64, nanoseconds: Int32 = 0) {
        guard Self.range.contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else {
            return nil
        }
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// Nil outside of the years 1 to 9999.
    public init?(milliseconds: Int64) {
        self.init(
            checkedSeconds: milliseconds.flooredQuotient(by: 1_000),
            nanoseconds: Int32(milliseconds.flooredRemainder(by: 1_000) * 1_000_000))
    }

    public static func < (a: Instant, b: Instant) -> Bool {
        a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
    }

    /// Nil if the sum is outside of the years 1 to 9999.
    func adding(nanoseconds duration: Int64) -> Instant? {
        let whole = duration.flooredQuotient(by: 1_000_000_000)
        let rest = Int64(nanoseconds) + duration.flooredRemainder(by: 1_000_000_000)
        let carry: Int64 = rest >= 1_000_000_000 ? 1 : 0
        return Instant(
            checkedSeconds: seconds + whole + carry,
            nanoseconds: Int32(rest - carry * 1_000_000_000))
    }

    /// Nanoseconds from another instant to this one; nil over 64 bits (292 years).
    func since(_ other: Instant) -> Int64? {
        let (scaled, overflow) = (seconds - other.seconds)
            .multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow2) = scaled.addingReportingOverflow(
            Int64(nanoseconds) - Int64(other.nanoseconds))
        return overflow || overflow2 ? nil : sum
    }

    /// Milliseconds since 1970, rounded down.
    var milliseconds: Int64 { seconds * 1_000 + Int64(nanoseconds) / 1_000_000 }
}

extension Int64 {
    /// The quotient rounded down; the divisor is positive.
    func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }

    /// What `flooredQuotient` leaves: 0 to the divisor − 1.
    func flooredRemainder(by divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
