/// Reads a blob's numbers, refusing every form but the shortest.
///
/// The bytes outlive the reader: it is made and used inside one `withUnsafeBufferPointer`, and
/// every access is held against `end`.
struct BlobReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int
    private let end: Int

    /// `range` lies in `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset == end }
    var remaining: Int { end - offset }

    @inline(never)
    func failure(_ reason: BlobError.Reason) -> BlobError {
        BlobError(reason: reason, offset: offset)
    }

    @inline(__always)
    mutating func byte() throws(BlobError) -> UInt8 {
        guard offset < end else { throw failure(.truncated) }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// Whether there is a next byte, and it is 0.
    var isNextZero: Bool { offset < end && bytes[offset] == 0 }

    @inline(__always)
    mutating func fixed64() throws(BlobError) -> UInt64 {
        guard remaining >= 8 else { throw failure(.truncated) }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Most numbers take one byte or two.
    @inline(__always)
    mutating func varint() throws(BlobError) -> UInt64 {
        guard offset < end else { throw failure(.truncated) }
        let low = bytes[offset]
        if low < 0x80 {
            offset += 1
            return UInt64(low)
        }
        if remaining > 1, bytes[offset + 1] < 0x80, bytes[offset + 1] != 0 {
            defer { offset += 2 }
            return UInt64(bytes[offset + 1]) << 7 | UInt64(low & 0x7F)
        }
        return try longVarint()
    }

    @inline(never)
    private mutating func longVarint() throws(BlobError) -> UInt64 {
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
    @inline(__always)
    mutating func count(in range: ClosedRange<Int64>) throws(BlobError) -> Int64 {
        let value = try varint()
        guard let count = Int64(exactly: value), range.contains(count) else {
            throw failure(.outOfRange)
        }
        return count
    }

    /// A number of rows from 1 to `maximum`; each takes at least `bytes` bytes, so that a lying
    /// count reserves nothing.
    mutating func rows(upTo maximum: Int, bytes: Int) throws(BlobError) -> Int {
        let count = Int(try count(in: 1...Int64(max(1, maximum))))
        guard count <= maximum else { throw failure(.outOfRange) }
        guard count <= remaining / bytes else { throw failure(.truncated) }
        return count
    }

    @inline(__always)
    mutating func zigzag() throws(BlobError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next `length` bytes as a reader of their own.
    mutating func section() throws(BlobError) -> BlobReader {
        let length = try count(in: 1...Int64(Int32.max))
        guard remaining >= Int(length) else { throw failure(.truncated) }
        defer { offset += Int(length) }
        return BlobReader(bytes, offset..<offset + Int(length))
    }

    func finish() throws(BlobError) {
        guard isAtEnd else { throw failure(.notCanonical) }
    }
}
