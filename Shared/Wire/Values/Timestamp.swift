/// A point in time: seconds since 1970-01-01T00:00:00Z and nanoseconds, in the years 1 to 9999.
@frozen
public struct Timestamp: Sendable, Hashable {
    public let seconds: Int64
    @usableFromInline let storedNanoseconds: Int32

    /// Nanoseconds after `seconds`, 0 to 999,999,999, also before 1970.
    @inlinable public var nanoseconds: Int { Int(storedNanoseconds) }

    /// Nil outside the years 1 to 9999, or if the nanoseconds are not in 0 to 999,999,999.
    @inlinable
    public init?(seconds: Int64, nanoseconds: Int = 0) {
        guard seconds >= -62_135_596_800, seconds <= 253_402_300_799, nanoseconds >= 0,
            nanoseconds <= 999_999_999
        else { return nil }
        self.seconds = seconds
        storedNanoseconds = Int32(truncatingIfNeeded: nanoseconds)
    }

    /// Any `Int64` of nanoseconds is a time in the years 1677 to 2262.
    @inlinable
    public init(nanosecondsSinceEpoch total: Int64) {
        var (whole, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest < 0 {
            whole -= 1
            rest += 1_000_000_000
        }
        seconds = whole
        storedNanoseconds = Int32(truncatingIfNeeded: rest)
    }

    /// Nil outside the years 1677 to 2262.
    @inlinable
    public var nanosecondsSinceEpoch: Int64? {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (total, carry) = whole.addingReportingOverflow(Int64(storedNanoseconds))
        return overflow || carry ? nil : total
    }

    /// Whole milliseconds since 1970, rounded towards the past.
    @inlinable
    public var millisecondsSinceEpoch: Int64 {
        seconds * 1000 + Int64(storedNanoseconds) / 1_000_000
    }

    @inlinable
    public static func blank() -> Timestamp { Timestamp(nanosecondsSinceEpoch: 0) }
}

extension Timestamp: Comparable {
    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.storedNanoseconds) < (b.seconds, b.storedNanoseconds)
    }
}
