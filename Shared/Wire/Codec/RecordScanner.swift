/// Walks the records of a message body, whatever their order; for everything that is not the hot path.
package struct RecordScanner {
    /// One record: where it starts, where its value starts (behind a length), and where it ends.
    package struct Record {
        package let tag: UInt32
        package let start: Int
        package let value: Int
        package let end: Int
        /// The value of a varint record.
        package let varint: UInt64

        package var number: Int { Int(tag >> 3) }
        package var wireType: UInt32 { tag & 7 }
    }

    let bytes: [UInt8]
    package private(set) var position: Int
    let end: Int

    package init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// The next record; nil at the end. Lengths and tags may be up to five bytes long.
    package mutating func next() throws(WireError.Code) -> Record? {
        guard position < end else { return nil }
        let start = position
        let tag = try WireReader.checkedTag(try varint(longest: 5))
        var value = position
        var number: UInt64 = 0
        switch tag & 7 {
        case 0: number = try varint(longest: 10)
        case 1: try advance(8)
        case 2:
            let length = try varint(longest: 5)
            value = position
            guard length <= UInt64(end - position) else { throw .lengthExceedsRecord }
            position += Int(length)
        default: try advance(4)
        }
        return Record(tag: tag, start: start, value: value, end: position, varint: number)
    }

    private mutating func advance(_ count: Int) throws(WireError.Code) {
        guard end - position >= count else { throw .truncated }
        position += count
    }

    private mutating func varint(longest: Int) throws(WireError.Code) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<longest {
            guard position < end else { throw .truncated }
            let byte = bytes[position]
            position += 1
            if index == 9, byte > 1 { throw .varintTooLong }
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return value }
        }
        throw .varintTooLong
    }

    /// Appends a minimal varint.
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
