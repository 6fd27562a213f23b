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
        let units: [(scale: Int64, unit: Character)] = [
            (1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S"),
            (60_000_000_000, "M"), (3_600_000_000_000, "H"),
        ]
        for (scale, unit) in units where nanoseconds / scale <= 99_999_999 {
            return Array("\(nanoseconds / scale)\(unit)".utf8)
        }
        return Array("99999999H".utf8)
    }
}
