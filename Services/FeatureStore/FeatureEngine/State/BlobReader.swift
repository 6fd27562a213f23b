/// Reads a blob's numbers, refusing every form but the shortest.
struct BlobReader {
    let bytes: ArraySlice<UInt8>
    private(set) var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    var isAtEnd: Bool { offset == bytes.endIndex }

    func failure(_ reason: BlobError.Reason) -> BlobError {
        BlobError(reason: reason, offset: offset)
    }

    mutating func byte() throws(BlobError) -> UInt8 {
        guard offset < bytes.endIndex else { throw failure(.truncated) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func fixed64() throws(BlobError) -> UInt64 {
        guard bytes.endIndex - offset >= 8 else { throw failure(.truncated) }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[offset + index]) << (8 * UInt64(index)) }
        offset += 8
        return value
    }

    mutating func varint() throws(BlobError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            if shift == 63, byte > 1 { throw failure(.outOfRange) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else { throw failure(.notMinimal) }
                return value
            }
            shift += 7
            guard shift < 64 else { throw failure(.outOfRange) }
        }
    }

    /// A varint that fits an Int64 and lies in `range`.
    mutating func count(in range: ClosedRange<Int64>) throws(BlobError) -> Int64 {
        let value = try varint()
        guard let count = Int64(exactly: value), range.contains(count) else {
            throw failure(.outOfRange)
        }
        return count
    }

    mutating func zigzag() throws(BlobError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next `length` bytes as a reader of their own.
    mutating func section() throws(BlobError) -> BlobReader {
        let length = try count(in: 1...Int64(Int32.max))
        guard bytes.endIndex - offset >= Int(length) else { throw failure(.truncated) }
        defer { offset += Int(length) }
        return BlobReader(bytes[offset..<offset + Int(length)])
    }

    func finish() throws(BlobError) {
        guard isAtEnd else { throw failure(.notCanonical) }
    }
}

/// Writes a blob's numbers in their shortest form.
struct BlobWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// `value` is not negative.
    mutating func varint(_ value: Int64) { varint(UInt64(value)) }

    mutating func zigzag(_ value: Int64) {
        varint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    mutating func fixed<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func section(_ tag: UInt8, _ payload: BlobWriter) {
        guard !payload.bytes.isEmpty else { return }
        bytes.append(tag)
        varint(UInt64(payload.bytes.count))
        bytes.append(contentsOf: payload.bytes)
    }
}
