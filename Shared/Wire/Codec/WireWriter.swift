// One of the few files with unsafe pointers. The invariant of the writer: what is written is what was
// measured. `encode` reserves exactly the measured size, and traps if a message did not fill it; a
// mismatch would be our bug, since a message is a value that cannot change between.

/// Room for the first sizes, on the stack of `WireWriter.encode`.
@frozen
public struct SizeSlots {
    @usableFromInline static var capacity: Int { 64 }
    @usableFromInline let address: UnsafeMutablePointer<Int>

    @inlinable
    init(_ address: UnsafeMutablePointer<Int>) { self.address = address }

    @inlinable
    subscript(slot: Int) -> Int {
        get { address[slot] }
        nonmutating set { address[slot] = newValue }
    }
}

/// Writes one message, front to back, into memory that is reserved for exactly its size.
@frozen
public struct WireWriter {
    @usableFromInline var position: UnsafeMutableRawPointer
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let end: UnsafeMutableRawPointer

    @inlinable
    init(_ base: UnsafeMutableRawPointer, _ count: Int) {
        self.base = base
        position = base
        end = base + count
    }

    @inlinable
    static func encode<M: WireRecord>(_ message: M, prefix: Int) -> [UInt8] {
        framed(message, prefix: prefix, suffix: 0).bytes
    }

    /// The encoding between zero bytes that somebody else fills in, and whether there is anything in it
    /// that its schemas do not know.
    @inlinable
    static func framed<M: WireRecord>(
        _ message: M, prefix: Int, suffix: Int
    ) -> (bytes: [UInt8], hasUnknown: Bool) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: SizeSlots.capacity) { slots in
            var sizes = SizeCache(SizeSlots(slots.baseAddress.unsafelyUnwrapped))
            let size = message.measure(&sizes)
            precondition(
                prefix >= 0 && suffix >= 0 && size <= Int(Int32.max), "a message of over 2 GiB")
            sizes.rewind()
            var bytes = unwritten(prefix + size + suffix)
            bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                for index in 0..<prefix {
                    base.storeBytes(of: 0, toByteOffset: index, as: UInt8.self)
                }
                for index in prefix + size..<prefix + size + suffix {
                    base.storeBytes(of: 0, toByteOffset: index, as: UInt8.self)
                }
                var writer = WireWriter(base + prefix, size)
                message.write(to: &writer, &sizes)
                precondition(
                    writer.position == writer.end, "a message changed while it was written")
            }
            return (bytes, sizes.hasUnknown)
        }
    }

    @inlinable
    static func size<M: WireRecord>(of message: M) -> Int {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: SizeSlots.capacity) { slots in
            var sizes = SizeCache(SizeSlots(slots.baseAddress.unsafelyUnwrapped))
            return message.measure(&sizes)
        }
    }

    /// Bytes that are about to be written, every one of them; they are not zeroed first.
    ///
    /// Not `init(unsafeUninitializedCapacity:)`, which looks up generic metadata at run time, and not
    /// around the writing, since a closure over the message would hold a copy of it.
    @usableFromInline @inline(never)
    static func unwritten(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(addingCapacity: count) { span in
            span.withUnsafeMutableBufferPointer { _, initialized in initialized = count }
        }
        return bytes
    }

    /// How much is written.
    @inlinable public var mark: Int { position - base }

    // MARK: Parts

    @inlinable @inline(__always)
    mutating func byte(_ value: UInt8) {
        assert(position < end)
        position.storeBytes(of: value, as: UInt8.self)
        position += 1
    }

    @inlinable @inline(__always)
    mutating func tag(_ tag: UInt32) {
        if tag < 0x80 {
            byte(UInt8(truncatingIfNeeded: tag))
        } else {
            byte(UInt8(truncatingIfNeeded: tag & 0x7F | 0x80))
            byte(UInt8(truncatingIfNeeded: tag >> 7))
        }
    }

    @inlinable @inline(__always)
    mutating func varint(_ value: UInt64) {
        if value < 0x80 { byte(UInt8(truncatingIfNeeded: value)) } else { longVarint(value) }
    }

    @usableFromInline
    mutating func longVarint(_ value: UInt64) {
        var rest = value
        repeat {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        } while rest >= 0x80
        byte(UInt8(truncatingIfNeeded: rest))
    }

    @inlinable @inline(__always)
    mutating func fixed64(_ value: UInt64) {
        assert(end - position >= 8)
        position.storeBytes(of: value, as: UInt64.self)
        position += 8
    }

    @inlinable @inline(__always)
    mutating func fixed32(_ value: UInt32) {
        assert(end - position >= 4)
        position.storeBytes(of: value, as: UInt32.self)
        position += 4
    }

    /// The length and the bytes.
    @usableFromInline
    mutating func text(_ value: String) {
        varint(UInt64(truncatingIfNeeded: value.utf8.count))
        let isDone: Void? = value.utf8.withContiguousStorageIfAvailable { utf8 in
            copy(UnsafeRawBufferPointer(utf8))
        }
        if isDone == nil { for unit in value.utf8 { byte(unit) } }
    }

    @inlinable
    mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        assert(end - position >= bytes.count)
        guard let source = bytes.baseAddress else { return }
        position.copyMemory(from: source, byteCount: bytes.count)
        position += bytes.count
    }

    /// The length and the bytes.
    @usableFromInline
    mutating func blob(_ value: [UInt8]) {
        varint(UInt64(truncatingIfNeeded: value.count))
        value.withUnsafeBytes { copy($0) }
    }

    /// The memory of fixed-width values is their encoding.
    @inlinable
    mutating func elements<C: FixedWidthCodec>(_ values: [C.Value], _ codec: C.Type) {
        values.withUnsafeBytes { copy($0) }
    }

    // MARK: Unknown fields

    /// Puts unknown records in their places among the known ones, written since the mark.
    @inlinable
    public mutating func unknown(_ fields: UnknownFields?, since mark: Int) {
        guard let fields else { return }
        merge(fields, since: mark)
    }

    @usableFromInline @inline(never)
    mutating func merge(_ fields: UnknownFields, since mark: Int) {
        let known = [UInt8](
            UnsafeRawBufferPointer(start: base + mark, count: position - base - mark))
        position = base + mark
        Self.merged(known, fields.bytes).withUnsafeBytes { copy($0) }
    }

    /// Two runs of records, each ascending by number, as one; the known ones first on a tie.
    private static func merged(_ known: [UInt8], _ unknown: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(known.count + unknown.count)
        var left = RecordScanner(known)
        var right = RecordScanner(unknown)
        var a = try? left.next()
        var b = try? right.next()
        while a != nil || b != nil {
            if let record = a, b.map({ record.number <= $0.number }) ?? true {
                out += known[record.start..<record.end]
                a = try? left.next()
            } else if let record = b {
                out += unknown[record.start..<record.end]
                b = try? right.next()
            }
        }
        return out
    }
}
