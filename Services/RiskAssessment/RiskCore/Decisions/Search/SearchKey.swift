internal import Wire

/// Keys of the rows by which decisions are found: dimension, tenant, value, time, sequence. Texts
/// carry their length, so that none is the beginning of another.
enum SearchKey {
    enum Dimension: UInt8 {
        case kind = 0x6B
        case rule = 0x72
        case subject = 0x73
        case time = 0x74
        case status = 0x75
        case transaction = 0x78
    }

    /// Where a decision stands among the others: by time, then by its number in the log.
    struct Place: Sendable, Hashable {
        static let byteCount = 20

        var time: Timestamp
        var sequence: UInt64

        init(time: Timestamp, sequence: UInt64) {
            self.time = time
            self.sequence = sequence
        }

        /// The place that a key ends with.
        init?(suffix key: [UInt8]) {
            guard key.count >= Self.byteCount else { return nil }
            let bytes = key.suffix(Self.byteCount)
            func number(_ range: Range<Int>) -> UInt64 {
                bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
                    .reduce(0) { $0 << 8 | UInt64($1) }
            }
            let seconds = Int64(bitPattern: number(0..<8) ^ 1 << 63)
            guard let time = Timestamp(seconds: seconds, nanoseconds: Int(number(8..<12))) else {
                return nil
            }
            self.init(time: time, sequence: number(12..<20))
        }

        var bytes: [UInt8] {
            SearchKey.bytes(of: time)
                + withUnsafeBytes(of: sequence.bigEndian) { Array($0) }
        }
    }

    /// Rises with time, also before 1970.
    static func bytes(of time: Timestamp) -> [UInt8] {
        let seconds = UInt64(bitPattern: time.seconds) ^ 1 << 63
        let nanoseconds = UInt32(truncatingIfNeeded: time.nanoseconds)
        return withUnsafeBytes(of: seconds.bigEndian) { Array($0) }
            + withUnsafeBytes(of: nanoseconds.bigEndian) { Array($0) }
    }

    static func prefix(_ dimension: Dimension, _ tenant: String, _ value: String) -> [UInt8] {
        [dimension.rawValue, UInt8(truncatingIfNeeded: tenant.utf8.count)] + Array(tenant.utf8)
            + [UInt8(truncatingIfNeeded: value.utf8.count)] + Array(value.utf8)
    }
}
