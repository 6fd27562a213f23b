/// The sizes of nested records in the order in which they are written: measured once, read once.
///
/// The same calls as on `WireWriter`, in the same order, give the size of each field, its tag included.
@frozen
public struct SizeCache {
    @usableFromInline let near: SizeSlots
    /// What did not fit into `near`.
    @usableFromInline var far: [Int] = []
    @usableFromInline var count = 0
    /// Whether a message or union on the way holds what its schema does not know.
    @usableFromInline var hasUnknown = false

    @inlinable
    init(_ near: SizeSlots) { self.near = near }

    /// A place for a size that is known only after what it encloses.
    @inlinable
    mutating func reserve() -> Int {
        let slot = count
        count += 1
        if slot >= SizeSlots.capacity { extend() }
        return slot
    }

    @usableFromInline @inline(never)
    mutating func extend() {
        // What needs more than the near ones usually needs many.
        if far.isEmpty { far.reserveCapacity(16 * SizeSlots.capacity) }
        far.append(0)
    }

    @inlinable
    mutating func set(_ slot: Int, _ size: Int) {
        if slot < SizeSlots.capacity {
            near[slot] = size
        } else {
            far[slot - SizeSlots.capacity] = size
        }
    }

    /// Starts reading from the first size.
    @inlinable
    mutating func rewind() { count = 0 }

    @inlinable
    mutating func next() -> Int {
        let slot = count
        count += 1
        return slot < SizeSlots.capacity ? near[slot] : far[slot - SizeSlots.capacity]
    }

    // MARK: Sizes of parts

    @inlinable @inline(__always)
    static func varint(_ value: UInt64) -> Int {
        // Nine bits of size for seven of value, rounded up: exact for 1 to 64 bits.
        ((64 - (value | 1).leadingZeroBitCount) * 9 + 64) >> 6
    }

    @inlinable @inline(__always)
    static func tag(_ tag: UInt32) -> Int { tag < 0x80 ? 1 : 2 }

    /// A LEN record with a body of this size.
    @inlinable @inline(__always)
    static func record(_ tag: UInt32, _ size: Int) -> Int {
        Self.tag(tag) + varint(UInt64(truncatingIfNeeded: size)) + size
    }

    @inlinable @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1 ^ value >> 63)
    }

    @inlinable @inline(__always)
    static func zigzag(_ value: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: value << 1 ^ value >> 31))
    }
}

// MARK: Scalars

extension SizeCache {
    @inlinable
    public func uint64(_ tag: UInt32, _ value: UInt64, _ presence: Presence = .implicit) -> Int {
        value == 0 && presence == .implicit ? 0 : Self.tag(tag) + Self.varint(value)
    }

    @inlinable
    public func bool(_ tag: UInt32, _ value: Bool, _ presence: Presence = .implicit) -> Int {
        value || presence == .explicit ? Self.tag(tag) + 1 : 0
    }

    @inlinable
    public func uint32(_ tag: UInt32, _ value: UInt32, _ presence: Presence = .implicit) -> Int {
        uint64(tag, UInt64(value), presence)
    }

    @inlinable
    public func int64(_ tag: UInt32, _ value: Int64, _ presence: Presence = .implicit) -> Int {
        uint64(tag, Self.zigzag(value), presence)
    }

    @inlinable
    public func int32(_ tag: UInt32, _ value: Int32, _ presence: Presence = .implicit) -> Int {
        uint64(tag, Self.zigzag(value), presence)
    }

    @inlinable
    public func int64Twos(_ tag: UInt32, _ value: Int64, _ presence: Presence = .implicit) -> Int {
        uint64(tag, UInt64(bitPattern: value), presence)
    }

    @inlinable
    public func int32Twos(_ tag: UInt32, _ value: Int32, _ presence: Presence = .implicit) -> Int {
        uint64(tag, UInt64(bitPattern: Int64(value)), presence)
    }

    @inlinable
    public func uint64Fixed(_ tag: UInt32, _ value: UInt64, _ presence: Presence = .implicit) -> Int
    {
        value == 0 && presence == .implicit ? 0 : Self.tag(tag) + 8
    }

    @inlinable
    public func int64Fixed(_ tag: UInt32, _ value: Int64, _ presence: Presence = .implicit) -> Int {
        uint64Fixed(tag, UInt64(bitPattern: value), presence)
    }

    @inlinable
    public func uint32Fixed(_ tag: UInt32, _ value: UInt32, _ presence: Presence = .implicit) -> Int
    {
        value == 0 && presence == .implicit ? 0 : Self.tag(tag) + 4
    }

    @inlinable
    public func int32Fixed(_ tag: UInt32, _ value: Int32, _ presence: Presence = .implicit) -> Int {
        uint32Fixed(tag, UInt32(bitPattern: value), presence)
    }

    @inlinable
    public func double(_ tag: UInt32, _ value: Double, _ presence: Presence = .implicit) -> Int {
        uint64Fixed(tag, value.bitPattern, presence)
    }

    @inlinable
    public func float(_ tag: UInt32, _ value: Float, _ presence: Presence = .implicit) -> Int {
        uint32Fixed(tag, value.bitPattern, presence)
    }

    @inlinable
    public func enumeration<E: WireEnum>(
        _ tag: UInt32, _ value: E, _ presence: Presence = .implicit
    ) -> Int {
        uint64(tag, UInt64(UInt32(bitPattern: value.number)), presence)
    }

    @inlinable
    public func string(_ tag: UInt32, _ value: String, _ presence: Presence = .implicit) -> Int {
        let size = value.utf8.count
        return size == 0 && presence == .implicit ? 0 : Self.record(tag, size)
    }

    @inlinable
    public func bytes(_ tag: UInt32, _ value: [UInt8], _ presence: Presence = .implicit) -> Int {
        value.isEmpty && presence == .implicit ? 0 : Self.record(tag, value.count)
    }

    @inlinable
    public func uuid(_ tag: UInt32, _ value: UniqueID, _ presence: Presence = .implicit) -> Int {
        value.isZero && presence == .implicit ? 0 : Self.tag(tag) + 17
    }
}

// MARK: Records

extension SizeCache {
    /// The bodies of value types are shorter than 128 bytes, so that their length is one byte.
    @inlinable
    static func body(_ value: Decimal64) -> Int {
        (value.coefficient == 0 ? 0 : 1 + varint(zigzag(value.coefficient)))
            + (value.scale == 0 ? 0 : 2)
    }

    @inlinable
    static func body(_ value: Money) -> Int { 5 + body(value.amount) }

    @inlinable
    static func body(_ value: CalendarDate) -> Int {
        value.days == 0 ? 0 : 1 + varint(zigzag(value.days))
    }

    @inlinable
    static func body(seconds: Int64, nanoseconds: Int) -> Int {
        (seconds == 0 ? 0 : 1 + varint(UInt64(bitPattern: seconds)))
            + (nanoseconds == 0 ? 0 : 1 + varint(UInt64(bitPattern: Int64(nanoseconds))))
    }

    @inlinable
    public func decimal(_ tag: UInt32, _ value: Decimal64) -> Int {
        Self.tag(tag) + 1 + Self.body(value)
    }

    @inlinable
    public func money(_ tag: UInt32, _ value: Money) -> Int { Self.tag(tag) + 1 + Self.body(value) }

    @inlinable
    public func timestamp(_ tag: UInt32, _ value: Timestamp) -> Int {
        Self.tag(tag) + 1 + Self.body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    @inlinable
    public func duration(_ tag: UInt32, _ value: TimeSpan) -> Int {
        Self.tag(tag) + 1 + Self.body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    @inlinable
    public func date(_ tag: UInt32, _ value: CalendarDate) -> Int {
        Self.tag(tag) + 1 + Self.body(value)
    }

    @inlinable
    public mutating func message<M: WireRecord>(_ tag: UInt32, _ value: M) -> Int {
        Self.tag(tag) + length(value)
    }

    /// A message with its length in front.
    @inlinable
    mutating func length<M: WireRecord>(_ value: M) -> Int {
        let slot = reserve()
        let size = value.measure(&self)
        set(slot, size)
        return Self.varint(UInt64(truncatingIfNeeded: size)) + size
    }

    @inlinable
    public mutating func packed<C: FixedWidthCodec>(
        _ tag: UInt32, _ values: [C.Value], _ codec: C.Type
    ) -> Int {
        values.isEmpty
            ? 0 : Self.record(tag, values.count * MemoryLayout<C.Value>.stride)
    }

    @inlinable
    public mutating func packed<C: PackableEncoder>(
        _ tag: UInt32, _ values: [C.Value], _ codec: C.Type
    ) -> Int {
        if values.isEmpty { return 0 }
        let slot = reserve()
        // By span, here and below: an element is then looked at in place, not retained.
        let elements = values.span
        var size = 0
        for index in elements.indices { size += C.size(elements[index], &self) }
        set(slot, size)
        return Self.record(tag, size)
    }

    @inlinable
    public mutating func list<C: WireEncoder>(
        _ tag: UInt32, _ values: [C.Value], _ codec: C.Type
    ) -> Int {
        let elements = values.span
        var size = elements.count * Self.tag(tag)
        for index in elements.indices { size += C.size(elements[index], &self) }
        return size
    }

    @inlinable
    public mutating func map<K: MapKeyCodec, V: WireEncoder>(
        _ tag: UInt32, _ map: WireMap<K.Value, V.Value>, _ key: K.Type, _ value: V.Type
    ) -> Int {
        let entries = map.entries.span
        var total = 0
        for index in entries.indices {
            let slot = reserve()
            let size = 2 + K.size(entries[index].key, &self) + V.size(entries[index].value, &self)
            set(slot, size)
            total += Self.record(tag, size)
        }
        return total
    }

    @inlinable
    public mutating func unknown(_ fields: UnknownFields?) -> Int {
        guard let fields else { return 0 }
        hasUnknown = true
        return fields.bytes.count
    }
}
