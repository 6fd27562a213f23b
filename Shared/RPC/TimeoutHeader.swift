/// `grpc-timeout` and `connect-timeout-ms`: how long the caller waits.
package enum TimeoutHeader {
    /// Reads `grpc-timeout`: 1 to 8 digits, more than zero, a unit of `H M S m u n`.
    /// Nil if it is anything else; never read as infinite.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Duration? {
        guard bytes.count >= 2, bytes.count <= 9 else { return nil }
        var value: Int64 = 0
        for byte in bytes.dropLast() {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        guard value > 0 else { return nil }
        switch bytes[bytes.count - 1] {
        case UInt8(ascii: "H"): return .seconds(value * 3600)
        case UInt8(ascii: "M"): return .seconds(value * 60)
        case UInt8(ascii: "S"): return .seconds(value)
        case UInt8(ascii: "m"): return .milliseconds(value)
        case UInt8(ascii: "u"): return .microseconds(value)
        case UInt8(ascii: "n"): return .nanoseconds(value)
        default: return nil
        }
    }

    /// Reads `connect-timeout-ms`: 1 to 10 digits.
    package static func parseMilliseconds(_ bytes: UnsafeRawBufferPointer) -> Duration? {
        guard bytes.count >= 1, bytes.count <= 10 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return .milliseconds(value)
    }

    /// The shortest spelling with the finest unit that fits eight digits, rounded down to it;
    /// at least one nanosecond.
    package static func format(_ timeout: Duration) -> [UInt8] {
        let nanoseconds = max(1, timeout.saturatedNanoseconds)
        for index in units.indices where nanoseconds / units[index].scale <= largest {
            return text(nanoseconds / units[index].scale, units[index].unit)
        }
        return text(largest, UInt8(ascii: "H"))
    }

    /// A number of at most eight digits, and its unit.
    private static func text(_ number: Int64, _ unit: UInt8) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 9) { bytes, count in
            var (rest, digits) = (number, 1)
            while rest > 9 {
                rest /= 10
                digits += 1
            }
            rest = number
            for index in stride(from: digits - 1, through: 0, by: -1) {
                bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            bytes[digits] = unit
            count = digits + 1
        }
    }

    private static let largest: Int64 = 99_999_999
    private static let units: InlineArray<6, (scale: Int64, unit: UInt8)> = [
        (1, UInt8(ascii: "n")), (1_000, UInt8(ascii: "u")), (1_000_000, UInt8(ascii: "m")),
        (1_000_000_000, UInt8(ascii: "S")), (60_000_000_000, UInt8(ascii: "M")),
        (3_600_000_000_000, UInt8(ascii: "H")),
    ]
}
