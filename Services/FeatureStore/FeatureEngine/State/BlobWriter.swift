/// Writes a blob's numbers in their shortest form into memory that is known to suffice.
///
/// Whoever makes one counts at most ``maximumVarint`` bytes for each number; a section's end
/// checks that the bound held.
struct BlobWriter {
    static let maximumVarint = 10
    /// Of a section's tag and length.
    static let maximumSectionHeader = 6

    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

    /// What was written so far.
    var written: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<count]))
    }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        assert(count < bytes.count)
        (bytes.baseAddress.unsafelyUnwrapped + count).initialize(to: value)
        count += 1
    }

    /// Most numbers take one byte or two.
    @inline(__always)
    mutating func varint(_ value: UInt64) {
        guard value >= 0x80 else { return byte(UInt8(truncatingIfNeeded: value)) }
        byte(UInt8(truncatingIfNeeded: value) | 0x80)
        guard value >= 0x4000 else { return byte(UInt8(truncatingIfNeeded: value >> 7)) }
        longVarint(value >> 7)
    }

    @inline(never)
    private mutating func longVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(rest))
    }

    /// `value` is not negative.
    @inline(__always)
    mutating func varint(_ value: Int64) { varint(UInt64(value)) }

    @inline(__always)
    mutating func zigzag(_ value: Int64) {
        varint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    @inline(__always)
    mutating func fixed<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        let width = MemoryLayout<T>.size
        assert(count + width <= bytes.count)
        UnsafeMutableRawPointer(bytes.baseAddress.unsafelyUnwrapped + count)
            .storeBytes(of: value.littleEndian, as: T.self)
        count += width
    }

    /// Tag, length and payload; nothing if the payload is empty.
    mutating func section(_ tag: UInt8, _ payload: (inout BlobWriter) -> Void) {
        let start = count
        // Most lengths take two bytes: the payload is written behind them, and moved if not.
        let guessed = 3
        count += guessed
        payload(&self)
        let length = count - start - guessed
        precondition(count + Self.maximumSectionHeader <= bytes.count, "the bound is too low")
        count = start
        guard length > 0 else { return }
        let sizeOfLength = max(1, (UInt64(length).bitWidth - length.leadingZeroBitCount + 6) / 7)
        let base = bytes.baseAddress.unsafelyUnwrapped + start
        if sizeOfLength + 1 != guessed {
            (base + 1 + sizeOfLength).update(from: base + guessed, count: length)
        }
        byte(tag)
        varint(UInt64(length))
        count += length
    }
}
