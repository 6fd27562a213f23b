// What generated code calls for each type of field, in the order of the field numbers.
extension WireWriter {
    @inlinable
    public mutating func uint64(_ number: UInt32, _ value: UInt64, _ presence: Presence = .implicit)
    {
        if value == 0, presence == .implicit { return }
        tag(number)
        varint(value)
    }

    @inlinable
    public mutating func uint32(_ number: UInt32, _ value: UInt32, _ presence: Presence = .implicit)
    {
        if value == 0, presence == .implicit { return }
        tag(number)
        varint(UInt64(value))
    }

    @inlinable
    public mutating func int64(_ number: UInt32, _ value: Int64, _ presence: Presence = .implicit) {
        if value == 0, presence == .implicit { return }
        tag(number)
        varint(SizeCache.zigzag(value))
    }

    @inlinable
    public mutating func int32(_ number: UInt32, _ value: Int32, _ presence: Presence = .implicit) {
        if value == 0, presence == .implicit { return }
        tag(number)
        varint(SizeCache.zigzag(value))
    }

    @inlinable
    public mutating func int64Twos(
        _ number: UInt32, _ value: Int64, _ presence: Presence = .implicit
    ) {
        if value == 0, presence == .implicit { return }
        tag(number)
        varint(UInt64(bitPattern: value))
    }

    @inlinable
    public mutating func int32Twos(
        _ number: UInt32, _ value: Int32, _ presence: Presence = .implicit
    ) {
        if value == 0, presence == .implicit { return }
        tag(number)
        varint(UInt64(bitPattern: Int64(value)))
    }

    @inlinable
    public mutating func bool(_ number: UInt32, _ value: Bool, _ presence: Presence = .implicit) {
        if !value, presence == .implicit { return }
        tag(number)
        byte(value ? 1 : 0)
    }

    @inlinable
    public mutating func uint64Fixed(
        _ number: UInt32, _ value: UInt64, _ presence: Presence = .implicit
    ) {
        if value == 0, presence == .implicit { return }
        tag(number)
        fixed64(value)
    }

    @inlinable
    public mutating func int64Fixed(
        _ number: UInt32, _ value: Int64, _ presence: Presence = .implicit
    ) {
        if value == 0, presence == .implicit { return }
        tag(number)
        fixed64(UInt64(bitPattern: value))
    }

    @inlinable
    public mutating func uint32Fixed(
        _ number: UInt32, _ value: UInt32, _ presence: Presence = .implicit
    ) {
        if value == 0, presence == .implicit { return }
        tag(number)
        fixed32(value)
    }

    @inlinable
    public mutating func int32Fixed(
        _ number: UInt32, _ value: Int32, _ presence: Presence = .implicit
    ) {
        if value == 0, presence == .implicit { return }
        tag(number)
        fixed32(UInt32(bitPattern: value))
    }

    @inlinable
    public mutating func double(_ number: UInt32, _ value: Double, _ presence: Presence = .implicit)
    {
        if value.bitPattern == 0, presence == .implicit { return }
        tag(number)
        fixed64(value.bitPattern)
    }

    @inlinable
    public mutating func float(_ number: UInt32, _ value: Float, _ presence: Presence = .implicit) {
        if value.bitPattern == 0, presence == .implicit { return }
        tag(number)
        fixed32(value.bitPattern)
    }

    @inlinable
    public mutating func string(_ number: UInt32, _ value: String, _ presence: Presence = .implicit)
    {
        if value.utf8.isEmpty, presence == .implicit { return }
        tag(number)
        text(value)
    }

    @inlinable
    public mutating func bytes(_ number: UInt32, _ value: [UInt8], _ presence: Presence = .implicit)
    {
        if value.isEmpty, presence == .implicit { return }
        tag(number)
        blob(value)
    }

    @inlinable
    public mutating func uuid(_ number: UInt32, _ value: UniqueID, _ presence: Presence = .implicit)
    {
        if value.isZero, presence == .implicit { return }
        tag(number)
        unique(value)
    }

    @inlinable
    public mutating func enumeration<E: WireEnum>(
        _ number: UInt32, _ value: E, _ presence: Presence = .implicit
    ) {
        uint64(number, UInt64(UInt32(bitPattern: value.number)), presence)
    }

    @inlinable
    mutating func unique(_ value: UniqueID) {
        byte(16)
        fixed64(value.high.byteSwapped)
        fixed64(value.low.byteSwapped)
    }
}

// MARK: Records

extension WireWriter {
    /// The body of a value type with its length, which is below 128, in front.
    @usableFromInline
    mutating func body(_ value: Decimal64) {
        byte(UInt8(truncatingIfNeeded: SizeCache.body(value)))
        parts(value, 0x08)
    }

    @inlinable
    mutating func parts(_ value: Decimal64, _ first: UInt32) {
        int64(first, value.coefficient)
        uint32(first + 8, UInt32(truncatingIfNeeded: value.scale))
    }

    @usableFromInline
    mutating func body(_ value: Money) {
        byte(UInt8(truncatingIfNeeded: SizeCache.body(value)))
        byte(0x0A)
        byte(3)
        byte(value.currency.first)
        byte(value.currency.second)
        byte(value.currency.third)
        parts(value.amount, 0x10)
    }

    @usableFromInline
    mutating func body(_ value: CalendarDate) {
        byte(UInt8(truncatingIfNeeded: SizeCache.body(value)))
        int32(0x08, value.days)
    }

    @usableFromInline
    mutating func body(seconds: Int64, nanoseconds: Int) {
        let size = SizeCache.body(seconds: seconds, nanoseconds: nanoseconds)
        byte(UInt8(truncatingIfNeeded: size))
        int64Twos(0x08, seconds)
        int64Twos(0x10, Int64(nanoseconds))
    }

    @inlinable
    public mutating func decimal(_ number: UInt32, _ value: Decimal64) {
        tag(number)
        body(value)
    }

    @inlinable
    public mutating func money(_ number: UInt32, _ value: Money) {
        tag(number)
        body(value)
    }

    @inlinable
    public mutating func timestamp(_ number: UInt32, _ value: Timestamp) {
        tag(number)
        body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    @inlinable
    public mutating func duration(_ number: UInt32, _ value: TimeSpan) {
        tag(number)
        body(seconds: value.seconds, nanoseconds: value.nanoseconds)
    }

    @inlinable
    public mutating func date(_ number: UInt32, _ value: CalendarDate) {
        tag(number)
        body(value)
    }

    @inlinable
    public mutating func message<M: WireRecord>(
        _ number: UInt32, _ value: M, _ sizes: inout SizeCache
    ) {
        tag(number)
        varint(UInt64(truncatingIfNeeded: sizes.next()))
        value.write(to: &self, &sizes)
    }

    @inlinable
    public mutating func packed<C: FixedWidthCodec>(
        _ number: UInt32, _ values: [C.Value], _ codec: C.Type, _ sizes: inout SizeCache
    ) {
        if values.isEmpty { return }
        tag(number)
        varint(UInt64(truncatingIfNeeded: values.count * MemoryLayout<C.Value>.stride))
        elements(values, codec)
    }

    @inlinable
    public mutating func packed<C: PackableEncoder>(
        _ number: UInt32, _ values: [C.Value], _ codec: C.Type, _ sizes: inout SizeCache
    ) {
        if values.isEmpty { return }
        tag(number)
        varint(UInt64(truncatingIfNeeded: sizes.next()))
        let elements = values.span
        for index in elements.indices { C.write(elements[index], &self, &sizes) }
    }

    @inlinable
    public mutating func list<C: WireEncoder>(
        _ number: UInt32, _ values: [C.Value], _ codec: C.Type, _ sizes: inout SizeCache
    ) {
        let elements = values.span
        for index in elements.indices {
            tag(number)
            C.write(elements[index], &self, &sizes)
        }
    }

    @inlinable
    public mutating func map<K: MapKeyCodec, V: WireEncoder>(
        _ number: UInt32, _ map: WireMap<K.Value, V.Value>, _ key: K.Type, _ value: V.Type,
        _ sizes: inout SizeCache
    ) {
        let entries = map.entries.span
        for index in entries.indices {
            tag(number)
            varint(UInt64(truncatingIfNeeded: sizes.next()))
            tag(0x08 | K.wireType)
            K.write(entries[index].key, &self, &sizes)
            tag(0x10 | V.wireType)
            V.write(entries[index].value, &self, &sizes)
        }
    }
}
