// What generated code calls for each type of field. Small things are inlined into it, the rest is not:
// a call costs less than the machine code of a copy in every message.
extension WireReader {
    @inlinable @inline(__always)
    func refuseZero(_ isZero: Bool, _ presence: Presence) throws(WireError) {
        if presence == .implicit, isZero, !tolerant { throw valueFailure(.zeroWritten) }
    }

    /// Refuses a zero that has just been read and that the field does not write (R3).
    package func refuseZero() throws(WireError) { try refuseZero(true, .implicit) }

    @inlinable
    public mutating func bool(_ presence: Presence) throws(WireError) -> Bool {
        let value = try varint()
        if value > 1, !tolerant { throw valueFailure(.notMinimal) }
        try refuseZero(value == 0, presence)
        return value != 0
    }

    @inlinable
    public mutating func uint64(_ presence: Presence) throws(WireError) -> UInt64 {
        let value = try varint()
        try refuseZero(value == 0, presence)
        return value
    }

    @inlinable
    public mutating func uint32(_ presence: Presence) throws(WireError) -> UInt32 {
        let value = try varint()
        if value > 0xFFFF_FFFF, !tolerant { throw valueFailure(.valueTooWide) }
        let low = UInt32(truncatingIfNeeded: value)
        try refuseZero(low == 0, presence)
        return low
    }

    @inlinable
    public mutating func int64(_ presence: Presence) throws(WireError) -> Int64 {
        let value = try uint64(presence)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    @inlinable
    public mutating func int32(_ presence: Presence) throws(WireError) -> Int32 {
        let value = try uint32(presence)
        return Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
    }

    @inlinable
    public mutating func int64Twos(_ presence: Presence) throws(WireError) -> Int64 {
        Int64(bitPattern: try uint64(presence))
    }

    @inlinable
    public mutating func int32Twos(_ presence: Presence) throws(WireError) -> Int32 {
        let value = Int64(bitPattern: try varint())
        let low = Int32(truncatingIfNeeded: value)
        if Int64(low) != value, !tolerant { throw valueFailure(.valueTooWide) }
        try refuseZero(low == 0, presence)
        return low
    }

    @inlinable
    public mutating func uint64Fixed(_ presence: Presence) throws(WireError) -> UInt64 {
        let value = try fixed64()
        try refuseZero(value == 0, presence)
        return value
    }

    @inlinable
    public mutating func int64Fixed(_ presence: Presence) throws(WireError) -> Int64 {
        Int64(bitPattern: try uint64Fixed(presence))
    }

    @inlinable
    public mutating func uint32Fixed(_ presence: Presence) throws(WireError) -> UInt32 {
        let value = try fixed32()
        try refuseZero(value == 0, presence)
        return value
    }

    @inlinable
    public mutating func int32Fixed(_ presence: Presence) throws(WireError) -> Int32 {
        Int32(bitPattern: try uint32Fixed(presence))
    }

    @inlinable
    public mutating func double(_ presence: Presence) throws(WireError) -> Double {
        Double(bitPattern: try uint64Fixed(presence))
    }

    @inlinable
    public mutating func float(_ presence: Presence) throws(WireError) -> Float {
        Float(bitPattern: try uint32Fixed(presence))
    }

    @inlinable
    public mutating func enumeration<E: WireEnum>(_ presence: Presence) throws(WireError) -> E {
        E.decoded(try enumNumber(presence))
    }

    @usableFromInline
    package mutating func enumNumber(_ presence: Presence) throws(WireError) -> Int32 {
        let value = try varint()
        if value > 0x7FFF_FFFF {
            let low = Int32(truncatingIfNeeded: value)
            if !tolerant || low < 0 { throw valueFailure(.outOfDomain) }
            try refuseZero(low == 0, presence)
            return low
        }
        try refuseZero(value == 0, presence)
        return Int32(truncatingIfNeeded: value)
    }

    public mutating func string(_ presence: Presence) throws(WireError) -> String {
        let count = try length()
        try refuseZero(count == 0, presence)
        return try text(count)
    }

    public mutating func bytes(_ presence: Presence) throws(WireError) -> [UInt8] {
        let count = try length()
        try refuseZero(count == 0, presence)
        return try copy(count)
    }

    public mutating func uuid(_ presence: Presence) throws(WireError) -> UniqueID {
        guard try length() == 16 else { throw valueFailure(.outOfDomain) }
        let high = try fixed64().byteSwapped
        let value = UniqueID(high: high, low: try fixed64().byteSwapped)
        try refuseZero(value.isZero, presence)
        return value
    }

    // MARK: Records

    @inlinable @inline(never)
    public mutating func message<M: WireMessage>() throws(WireError) -> M {
        var message = M.blank()
        let outer = try enter()
        try read(into: &message)
        leave(outer)
        return message
    }

    /// Reads the body of a message. The doors part here: a closure over the message would cost a copy.
    @inlinable @inline(__always)
    mutating func read<M: WireMessage>(into message: inout M) throws(WireError) {
        if tolerant { try readLoosely(into: &message) } else { try message.read(from: &self) }
    }

    @inlinable @inline(never)
    mutating func readLoosely<M: WireMessage>(into message: inout M) throws(WireError) {
        try normalized(M.fields) { reader throws(WireError) in try message.read(from: &reader) }
    }

    /// A LEN record whose body is read by `body`.
    package mutating func record(
        _ table: FieldTable, _ body: (inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        let outer = try enter()
        if tolerant { try normalized(table, body) } else { try body(&self) }
        leave(outer)
    }

    /// Throws if a member of the oneof is already set.
    @inlinable
    public func onlyMember<T>(_ current: T?) throws(WireError) {
        if case .some = current { throw failure(.secondMember) }
    }

    /// Throws if a member of the required oneof is already set.
    @inlinable
    public func onlyMember(_ seen: UInt64) throws(WireError) {
        if seen != 0 { throw failure(.secondMember) }
    }

    /// The elements of a list, the first tag being consumed.
    @inlinable
    public mutating func list<C: WireCodec>(
        _ tag: UInt32, _ codec: C.Type
    ) throws(WireError) -> [C.Value] {
        try list(tag, C.read)
    }

    @inlinable @inline(__always)
    package mutating func list<T>(
        _ tag: UInt32, _ read: (inout WireReader) throws(WireError) -> T
    ) throws(WireError) -> [T] {
        let count = recordCount(tag)
        try chargeBlock(count * MemoryLayout<T>.stride)
        var list: [T] = []
        try list.append(addingCapacity: count) { span throws(WireError) in
            repeat { span.append(try read(&self)) } while !span.isFull && take(tag)
        }
        return list
    }

    /// The entries of a map, the first tag being consumed.
    @inlinable
    public mutating func map<K: MapKeyCodec, V: WireCodec>(
        _ tag: UInt32, _ key: K.Type, _ value: V.Type
    ) throws(WireError) -> WireMap<K.Value, V.Value> {
        try map(tag, key, V.wireType, V.kind, V.read, V.absent)
    }

    /// The same, with values that `read` reads and `absent` replaces.
    @inlinable @inline(__always)
    package mutating func map<K: MapKeyCodec, T>(
        _ tag: UInt32, _ key: K.Type, _ wireType: UInt32, _ kind: @autoclosure () -> FieldKind,
        _ read: (inout WireReader) throws(WireError) -> T,
        _ absent: (inout WireReader) throws(WireError) -> T
    ) throws(WireError) -> WireMap<K.Value, T> {
        let count = recordCount(tag)
        try chargeBlock(count * MemoryLayout<WireMap<K.Value, T>.Entry>.stride)
        var entries: [WireMap<K.Value, T>.Entry] = []
        var ascends = true
        try entries.append(addingCapacity: count) { span throws(WireError) in
            repeat {
                let begin = position
                let entry = try entry(key, wireType, kind(), read, absent)
                if let last = span.indices.last, !K.Value.precedes(span[last].key, entry.key) {
                    if !tolerant {
                        position = begin
                        throw failure(.mapOrder)
                    }
                    ascends = false
                }
                span.append(entry)
            } while !span.isFull && take(tag)
        }
        if ascends { return WireMap(sorted: entries) }
        // The sorted entries, and their order with what sorting it takes.
        try chargeBlock(count * (MemoryLayout<WireMap<K.Value, T>.Entry>.stride + 32))
        return WireMap(lastWins: entries)
    }

    @inlinable @inline(__always)
    mutating func entry<K: MapKeyCodec, T>(
        _ key: K.Type, _ wireType: UInt32, _ kind: @autoclosure () -> FieldKind,
        _ read: (inout WireReader) throws(WireError) -> T,
        _ absent: (inout WireReader) throws(WireError) -> T
    ) throws(WireError) -> WireMap<K.Value, T>.Entry {
        let outer = try enter()
        let keyTag = 0x08 | K.wireType
        let valueTag = 0x10 | wireType
        let entry: WireMap<K.Value, T>.Entry
        if tolerant, !isPlainEntry(keyTag, valueTag) {
            let scratch = try rewrittenEntry(K.kind, kind())
            entry = try withScratch(scratch) { reader throws(WireError) in
                let key = reader.take(keyTag) ? try K.read(&reader) : K.zero
                let value = reader.take(valueTag) ? try read(&reader) : try absent(&reader)
                return .init(key: key, value: value)
            }
        } else {
            guard take(keyTag) else { throw entryFailure(keyTag) }
            let key = try K.read(&self)
            guard take(valueTag) else { throw entryFailure(valueTag) }
            entry = .init(key: key, value: try read(&self))
            guard position == end else { throw failure(.mapEntry) }
        }
        leave(outer)
        return entry
    }

    /// Why the next record of an entry is not the key or value with this tag.
    @usableFromInline @inline(never)
    func entryFailure(_ expected: UInt32) -> WireError {
        if isAtEnd { return failure(.mapEntry) }
        var ahead = self
        do {
            let tag = try ahead.tag()
            return failure(tag >> 3 == expected >> 3 ? .wrongWireType : .mapEntry)
        } catch {
            return error
        }
    }

    /// The current entry, which may be in any order, with anything absent or superfluous.
    @usableFromInline @inline(never)
    mutating func rewrittenEntry(_ key: FieldKind, _ value: FieldKind) throws(WireError) -> [UInt8]
    {
        let table = FieldTable("", depth: 1, [Field(1, "key", key), Field(2, "value", value)])
        return try rewritten(table, isEntry: true)
    }

    // MARK: The end of a record

    /// At the end of the record false. Else keeps unknown records: true if a known field follows them.
    @inlinable @inline(__always)
    public mutating func resume(
        _ table: @autoclosure () -> FieldTable, _ unknown: inout UnknownFields?
    ) throws(WireError) -> Bool {
        if position == end { return false }
        return try keepUnknown(table(), &unknown)
    }

    @usableFromInline @inline(never)
    mutating func keepUnknown(
        _ table: FieldTable, _ unknown: inout UnknownFields?
    ) throws(WireError) -> Bool {
        let begin = bodyOffset
        var previous = lastNumber()
        while !isAtEnd {
            let recordStart = bodyOffset
            let tag = try tag()
            let number = tag >> 3
            let known = table.field(Int(number))
            if let known, recordStart == begin {
                // Nothing but its length keeps a record out of the list that it continues.
                let continues = known.isRepeated && number == previous
                if continues, tag & 7 == known.wireType { try passValue(tag, minimal: true) }
                bodyOffset = recordStart
                throw failure(Self.reason(tag, known, after: previous))
            }
            if number < previous {
                bodyOffset = recordStart
                throw failure(.outOfOrder)
            }
            if known != nil {
                bodyOffset = recordStart
                try keep(from: begin, &unknown)
                return true
            }
            previous = number
            try passValue(tag, minimal: true)
        }
        try keep(from: begin, &unknown)
        return false
    }

    /// Why the decoder did not take a known field.
    private static func reason(
        _ tag: UInt32, _ field: Field, after previous: UInt32
    ) -> WireError.Code {
        if tag & 7 != field.wireType {
            return field.isPacked && tag & 7 == field.kind.wireType ? .notPacked : .wrongWireType
        }
        if tag >> 3 == previous { return field.isPacked ? .notPacked : .repeated }
        return .outOfOrder
    }

    private mutating func keep(
        from begin: Int, _ unknown: inout UnknownFields?
    ) throws(WireError) {
        let records = bytes(from: begin)
        unknownBudget -= records.count
        if unknownBudget < 0 { throw failure(.unknownExceeded) }
        let kept = unknown?.bytes ?? []
        try chargeBlock(kept.count + records.count)
        unknown = UnknownFields(bytes: kept + records)
    }

    /// The one record of a union that its schema does not know, or none.
    public mutating func unrecognized(_ table: FieldTable) throws(WireError) -> UnknownFields {
        if isAtEnd { return .empty }
        let tag = try tag()
        if let field = table.field(Int(tag >> 3)) {
            bodyOffset = 0
            throw failure(Self.reason(tag, field, after: 0))
        }
        try passValue(tag, minimal: true)
        var unknown: UnknownFields?
        try keep(from: 0, &unknown)
        return unknown ?? .empty
    }

    /// Throws unless the record of the union was the only one.
    @inlinable
    public mutating func finishUnion(_ table: @autoclosure () -> FieldTable) throws(WireError) {
        guard position == end else { throw failure(.secondMember) }
    }

    /// Throws unless all required fields have been seen.
    @inlinable
    public func finish(
        _ seen: UInt64, required: UInt64, _ table: @autoclosure () -> FieldTable
    ) throws(WireError) {
        if seen & required != required { throw missing(~seen & required, table()) }
    }

    /// Throws if one of the required fields and oneofs, as the table counts them, is not in `seen`.
    package func finish(_ seen: [Bool], _ table: FieldTable) throws(WireError) {
        for (required, isSeen) in zip(table.required, seen) where !isSeen {
            throw missingFailure(required.number)
        }
    }

    @usableFromInline @inline(never)
    func missing(_ bits: UInt64, _ table: FieldTable) -> WireError {
        let required = table.required
        let rank = bits.trailingZeroBitCount
        return missingFailure(rank < required.count ? required[rank].number : 0)
    }
}
