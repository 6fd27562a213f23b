// One of the few files with unsafe pointers. The invariant of the reader: `base <= start <= position <=
// end <= limit`, all inside the buffer that the caller of `decode` (or of `withScratch`) keeps alive;
// every load is preceded by a comparison with `end` or `limit`.
#if _endian(big)
    #error("fixed-width values are copied: a little-endian machine is required")
#endif

/// Whether a zero may be written: not for an implicit scalar, always for one with presence.
@frozen
public enum Presence: Sendable {
    case implicit, explicit
}

/// Decodes one message from bytes that are all there, in a single pass.
///
/// Generated code asks for its fields in ascending order, so that on canonical bytes each costs one
/// comparison. A reader never leaves the closure that owns its bytes.
@frozen
public struct WireReader {
    @usableFromInline var position: UnsafeRawPointer
    /// The end of the current record.
    @usableFromInline var end: UnsafeRawPointer
    /// The start of the body of the current record.
    @usableFromInline var start: UnsafeRawPointer
    @usableFromInline var base: UnsafeRawPointer
    /// The end of all bytes: up to here may be loaded, though only up to `end` be read.
    @usableFromInline var limit: UnsafeRawPointer
    /// What is added to a distance from `base` to get an offset in the input.
    @usableFromInline var origin: Int
    /// Bytes that may still be allocated.
    @usableFromInline var heap: Int
    @usableFromInline var unknownBudget: Int
    @usableFromInline var depth: Int
    @usableFromInline let tolerant: Bool
    /// True in a rewritten record, where only the offset of the whole record means anything.
    @usableFromInline var isScratch = false

    @usableFromInline
    init(_ bytes: UnsafeRawBufferPointer, _ door: Door, _ limits: DecodeLimits, depth: Int) {
        // An empty buffer may have no address; nothing is read from this one.
        base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        position = base
        start = base
        end = base + bytes.count
        limit = end
        origin = 0
        heap = limits.heap
        unknownBudget = limits.unknownBytes
        self.depth = min(limits.depth, depth) - 1
        tolerant = door == .tolerant
    }

    @inlinable @inline(never)
    static func decode<M: WireMessage>(
        _ type: M.Type, _ bytes: UnsafeRawBufferPointer, _ door: Door, _ limits: DecodeLimits
    ) throws(WireError) -> M {
        var message = M.blank()
        var reader = WireReader(bytes, door, limits, depth: M.fields.depth)
        do throws(WireError) {
            if bytes.count > limits.bytes { throw reader.failure(.tooLarge) }
            try reader.read(into: &message)
        } catch {
            throw located(error, bytes, M.fields, limits)
        }
        return message
    }

    /// Decodes a whole message of a table, whose body is read by `body`.
    package static func decode(
        _ table: FieldTable, _ bytes: UnsafeRawBufferPointer, _ door: Door, _ limits: DecodeLimits,
        _ body: (inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        var reader = WireReader(bytes, door, limits, depth: table.depth)
        do throws(WireError) {
            if bytes.count > limits.bytes { throw reader.failure(.tooLarge) }
            if door == .strict { try body(&reader) } else { try reader.normalized(table, body) }
        } catch {
            throw located(error, bytes, table, limits)
        }
    }

    @usableFromInline @inline(never)
    static func located(
        _ error: WireError, _ bytes: UnsafeRawBufferPointer, _ table: FieldTable,
        _ limits: DecodeLimits
    ) -> WireError {
        // The search costs far more per byte than decoding did, and needs copies: not for what is that
        // large, by itself or beside what it may allocate.
        let largest = min(FieldPath.largestInput, limits.heap / FieldPath.heapPerByte)
        if bytes.count > largest { return error }
        var error = error
        error.path = FieldPath.find(error, in: [UInt8](bytes), table)
        return error
    }

    /// A failure of the record at the position; at the end of the current record, of its last byte.
    @usableFromInline @inline(never)
    func failure(_ code: WireError.Code) -> WireError {
        let place = position == end && position > start ? position - 1 : position
        return WireError(code, offset: isScratch ? origin : origin + (place - base))
    }

    /// A failure of the value that has just been read.
    @usableFromInline @inline(never)
    func valueFailure(_ code: WireError.Code) -> WireError {
        WireError(code, offset: isScratch ? origin : origin + (position - 1 - base))
    }

    /// A failure of the whole current record, whose length stands before its start.
    @usableFromInline @inline(never)
    func recordFailure(_ code: WireError.Code) -> WireError {
        let place = start > base ? start - 1 : start
        return WireError(code, offset: isScratch ? origin : origin + (place - base))
    }

    /// The field with this number is missing in the current record.
    func missingFailure(_ number: Int) -> WireError {
        let offset = isScratch ? origin : origin + (start - base)
        return WireError(.missingRequired, offset: offset, field: number)
    }

    @inlinable
    package mutating func charge(_ bytes: Int) throws(WireError) {
        heap -= bytes
        if heap < 0 { throw failure(.heapExceeded) }
    }

    /// What an allocation takes beyond its bytes: the header of an array or string, and rounding.
    @inlinable static var blockOverhead: Int { 48 }

    /// Charges an allocation of so many bytes; none for no bytes.
    @inlinable
    mutating func chargeBlock(_ bytes: Int) throws(WireError) {
        if bytes > 0 { try charge(bytes + Self.blockOverhead) }
    }

    // MARK: Tags and extents

    /// Consumes the tag if it is the next one.
    @inlinable @inline(__always)
    public mutating func take(_ tag: UInt32) -> Bool {
        if tag < 0x80 {
            guard position < end, position.load(as: UInt8.self) == UInt8(truncatingIfNeeded: tag)
            else { return false }
            position += 1
            return true
        }
        guard end - position >= 2,
            position.load(as: UInt8.self) == UInt8(truncatingIfNeeded: tag & 0x7F | 0x80),
            position.load(fromByteOffset: 1, as: UInt8.self) == UInt8(truncatingIfNeeded: tag >> 7)
        else { return false }
        position += 2
        return true
    }

    /// What `leave` restores.
    @frozen @usableFromInline
    struct Extent {
        @usableFromInline let start: UnsafeRawPointer
        @usableFromInline let end: UnsafeRawPointer

        @inlinable
        init(start: UnsafeRawPointer, end: UnsafeRawPointer) {
            self.start = start
            self.end = end
        }
    }

    /// Narrows the reader to the LEN record whose length comes next.
    @inlinable @inline(__always)
    mutating func enter() throws(WireError) -> Extent {
        let count = try length()
        depth -= 1
        if depth < 0 { throw failure(.tooDeep) }
        let outer = Extent(start: start, end: end)
        start = position
        end = position + count
        return outer
    }

    @inlinable @inline(__always)
    mutating func leave(_ outer: Extent) {
        depth += 1
        start = outer.start
        end = outer.end
    }

    /// The length of a LEN record, which lies within the enclosing one.
    @inlinable @inline(__always)
    mutating func length() throws(WireError) -> Int {
        guard position < end else { throw failure(.truncated) }
        let byte = position.load(as: UInt8.self)
        guard byte < 0x80 else { return try longLength() }
        position += 1
        if Int(byte) > end - position { throw failure(.lengthExceedsRecord) }
        return Int(byte)
    }

    @usableFromInline @inline(never)
    mutating func longLength() throws(WireError) -> Int {
        let before = position
        let value = try longVarint(minimal: true)
        guard value <= UInt64(end - position) else {
            position = before
            throw failure(.lengthExceedsRecord)
        }
        return Int(value)
    }

    @inlinable @inline(__always)
    mutating func varint() throws(WireError) -> UInt64 {
        guard position < end else { throw failure(.truncated) }
        let byte = position.load(as: UInt8.self)
        guard byte < 0x80 else { return try longVarint(minimal: !tolerant) }
        position += 1
        return UInt64(byte)
    }

    /// A varint of two or more bytes.
    @usableFromInline @inline(never)
    mutating func longVarint(minimal: Bool) throws(WireError) -> UInt64 {
        guard limit - position >= 8 else { return try varintByBytes(minimal: minimal) }
        let word = position.loadUnaligned(as: UInt64.self)
        let lastBytes = ~word & 0x8080_8080_8080_8080
        guard lastBytes != 0 else { return try varintByBytes(minimal: minimal) }
        // What stands before the first byte without a continuation bit, and that byte.
        var value = word & (lastBytes ^ (lastBytes - 1)) & 0x7F7F_7F7F_7F7F_7F7F
        let size = (lastBytes.trailingZeroBitCount + 1) >> 3
        guard size <= end - position else { throw failure(.truncated) }
        if minimal, value >> UInt64(8 * (size - 1)) == 0 { throw failure(.notMinimal) }
        // Groups of 7 bits move together: to 14, to 28, to 56.
        value = value & 0x007F_007F_007F_007F | (value & 0x7F00_7F00_7F00_7F00) >> 1
        value = value & 0x0000_3FFF_0000_3FFF | (value & 0x3FFF_0000_3FFF_0000) >> 2
        value = value & 0x0000_0000_0FFF_FFFF | (value & 0x0FFF_FFFF_0000_0000) >> 4
        position += size
        return value
    }

    /// A varint that is longer than eight bytes, or close to the end.
    private mutating func varintByBytes(minimal: Bool) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var cursor = position
        var shift: UInt64 = 0
        while true {
            guard cursor < end else { throw failure(.truncated) }
            let byte = cursor.load(as: UInt8.self)
            cursor += 1
            if shift == 63, byte > 1 { throw failure(.varintTooLong) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if byte == 0, minimal { throw failure(.notMinimal) }
                position = cursor
                return value
            }
            shift += 7
        }
    }

    // MARK: Raw values, for the other files of the runtime

    /// Eight bytes, little-endian.
    @inlinable @inline(__always)
    mutating func fixed64() throws(WireError) -> UInt64 {
        guard end - position >= 8 else { throw failure(.truncated) }
        let value = position.loadUnaligned(as: UInt64.self)
        position += 8
        return value
    }

    /// Four bytes, little-endian.
    @inlinable @inline(__always)
    mutating func fixed32() throws(WireError) -> UInt32 {
        guard end - position >= 4 else { throw failure(.truncated) }
        let value = position.loadUnaligned(as: UInt32.self)
        position += 4
        return value
    }

    /// The byte at a distance that `length` has already checked.
    func byte(at index: Int) -> UInt8 { position.load(fromByteOffset: index, as: UInt8.self) }

    @inlinable var isAtEnd: Bool { position == end }
    @inlinable var remaining: Int { end - position }

    mutating func skip(_ count: Int) { position += min(count, end - position) }

    /// `count` bytes that `length` has already checked, as UTF-8.
    @inline(__always)
    mutating func text(_ count: Int) throws(WireError) -> String {
        // Up to 15 bytes are part of the string itself.
        if count > 15 { try chargeBlock(count) }
        let buffer = UnsafeBufferPointer(
            start: position.assumingMemoryBound(to: UInt8.self), count: count)
        guard let text = UTF8Order.string(buffer) else {
            throw failure(.invalidUTF8)
        }
        position += count
        return text
    }

    /// `count` bytes that `length` has already checked.
    mutating func copy(_ count: Int) throws(WireError) -> [UInt8] {
        try chargeBlock(count)
        let copy = [UInt8](UnsafeRawBufferPointer(start: position, count: count))
        position += count
        return copy
    }

    // MARK: Packed lists

    /// Values whose memory is their encoding: one copy.
    @inlinable
    public mutating func packed<C: FixedWidthCodec>(
        _ codec: C.Type
    ) throws(WireError) -> [C.Value] {
        let size = try packedLength()
        let stride = MemoryLayout<C.Value>.stride
        guard size % stride == 0 else { throw failure(.partialElement) }
        try chargeBlock(size)
        let source = position
        position += size
        var list: [C.Value] = []
        list.append(addingCapacity: size / stride) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let target = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
                target.copyMemory(from: source, byteCount: size)
                count = size / stride
            }
        }
        return list
    }

    /// Varints, counted first, so that only what is there is allocated.
    @inlinable
    public mutating func packed<C: PackableCodec>(
        _ codec: C.Type
    ) throws(WireError) -> [C.Value] {
        try packed(C.read)
    }

    @inlinable @inline(__always)
    package mutating func packed<T>(
        _ read: (inout WireReader) throws(WireError) -> T
    ) throws(WireError) -> [T] {
        let size = try packedLength()
        let outer = end
        end = position + size
        let count = try varintCount()
        try chargeBlock(count * MemoryLayout<T>.stride)
        var list: [T] = []
        try list.append(addingCapacity: count) { span throws(WireError) in
            while position < end { span.append(try read(&self)) }
        }
        end = outer
        return list
    }

    @inlinable
    mutating func packedLength() throws(WireError) -> Int {
        let size = try length()
        if size == 0, !tolerant { throw valueFailure(.emptyPacked) }
        return size
    }

    /// The number of varints up to the end.
    @usableFromInline
    func varintCount() throws(WireError) -> Int {
        var count = 0
        var cursor = position
        while cursor < end {
            count += Int(~cursor.load(as: UInt8.self) >> 7)
            cursor += 1
        }
        guard position == end || (end - 1).load(as: UInt8.self) < 0x80 else {
            throw failure(.partialElement)
        }
        return count
    }

    /// How many LEN records with this tag follow each other, the first tag being consumed; a count
    /// that malformed bytes cut short, never one that they inflate.
    @usableFromInline
    func recordCount(_ tag: UInt32) -> Int {
        var ahead = self
        var count = 0
        repeat {
            guard let size = try? ahead.length() else { return count }
            ahead.position += size
            count += 1
        } while ahead.take(tag)
        return count
    }

    // MARK: Any record

    /// A minimal tag with a legal number and wire type.
    mutating func tag() throws(WireError) -> UInt32 {
        let before = position
        guard position < end else { throw failure(.truncated) }
        var value = UInt64(position.load(as: UInt8.self))
        if value < 0x80 { position += 1 } else { value = try longVarint(minimal: true) }
        do throws(WireError.Code) {
            return try Self.checkedTag(value)
        } catch {
            position = before
            throw failure(error)
        }
    }

    /// Checks the wire type and the number of a tag.
    static func checkedTag(_ value: UInt64) throws(WireError.Code) -> UInt32 {
        switch value & 7 {
        case 0, 1, 2, 5: break
        default: throw .invalidTag
        }
        if value >> 3 == 0 { throw .invalidTag }
        guard let tag = UInt32(exactly: value) else { throw .unknownNumber }
        return tag
    }

    /// Skips the value of a record; false if it is malformed, or not minimal where asked for.
    mutating func skipValue(_ tag: UInt32, minimal: Bool) -> Bool {
        do throws(WireError) {
            try passValue(tag, minimal: minimal)
            return true
        } catch {
            return false
        }
    }

    mutating func passValue(_ tag: UInt32, minimal: Bool) throws(WireError) {
        switch tag & 7 {
        case 0:
            guard position < end else { throw failure(.truncated) }
            if position.load(as: UInt8.self) < 0x80 {
                position += 1
            } else {
                _ = try longVarint(minimal: minimal)
            }
        case 1: _ = try fixed64()
        case 2: position += try length()
        default: _ = try fixed32()
        }
    }

    /// The number of the last record before the current position; 0 if there is none.
    func lastNumber() -> UInt32 {
        var ahead = self
        ahead.position = start
        var number: UInt32 = 0
        while ahead.position < position {
            guard let tag = try? ahead.tag(), ahead.skipValue(tag, minimal: false) else { break }
            number = tag >> 3
        }
        return number
    }

    /// The bytes from `from`, an offset in the body of the current record, up to the position.
    func bytes(from offset: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start + offset, count: position - start - offset)
    }

    /// The distance of the position from the start of the body.
    var bodyOffset: Int {
        get { position - start }
        set { position = start + newValue }
    }
}
