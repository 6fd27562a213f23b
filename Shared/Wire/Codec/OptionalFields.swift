// A field with presence is written whenever it is set, zero or not; one that is absent has no size.
extension SizeCache {
    @inlinable
    public func uint64(_ tag: UInt32, _ value: UInt64?) -> Int {
        if let value { uint64(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func uint32(_ tag: UInt32, _ value: UInt32?) -> Int {
        if let value { uint32(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func int64(_ tag: UInt32, _ value: Int64?) -> Int {
        if let value { int64(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func int32(_ tag: UInt32, _ value: Int32?) -> Int {
        if let value { int32(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func int64Twos(_ tag: UInt32, _ value: Int64?) -> Int {
        if let value { int64Twos(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func int32Twos(_ tag: UInt32, _ value: Int32?) -> Int {
        if let value { int32Twos(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func bool(_ tag: UInt32, _ value: Bool?) -> Int {
        if let value { bool(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func uint64Fixed(_ tag: UInt32, _ value: UInt64?) -> Int {
        if let value { uint64Fixed(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func int64Fixed(_ tag: UInt32, _ value: Int64?) -> Int {
        if let value { int64Fixed(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func uint32Fixed(_ tag: UInt32, _ value: UInt32?) -> Int {
        if let value { uint32Fixed(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func int32Fixed(_ tag: UInt32, _ value: Int32?) -> Int {
        if let value { int32Fixed(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func double(_ tag: UInt32, _ value: Double?) -> Int {
        if let value { double(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func float(_ tag: UInt32, _ value: Float?) -> Int {
        if let value { float(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func string(_ tag: UInt32, _ value: String?) -> Int {
        if let value { string(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func bytes(_ tag: UInt32, _ value: [UInt8]?) -> Int {
        if let value { bytes(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func uuid(_ tag: UInt32, _ value: UniqueID?) -> Int {
        if let value { uuid(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func enumeration<E: WireEnum>(_ tag: UInt32, _ value: E?) -> Int {
        if let value { enumeration(tag, value, .explicit) } else { 0 }
    }

    @inlinable
    public func decimal(_ tag: UInt32, _ value: Decimal64?) -> Int {
        if let value { decimal(tag, value) } else { 0 }
    }

    @inlinable
    public func money(_ tag: UInt32, _ value: Money?) -> Int {
        if let value { money(tag, value) } else { 0 }
    }

    @inlinable
    public func timestamp(_ tag: UInt32, _ value: Timestamp?) -> Int {
        if let value { timestamp(tag, value) } else { 0 }
    }

    @inlinable
    public func duration(_ tag: UInt32, _ value: TimeSpan?) -> Int {
        if let value { duration(tag, value) } else { 0 }
    }

    @inlinable
    public func date(_ tag: UInt32, _ value: CalendarDate?) -> Int {
        if let value { date(tag, value) } else { 0 }
    }

    @inlinable
    public mutating func message<M: WireMessage>(_ tag: UInt32, _ value: M?) -> Int {
        if let value { message(tag, value) } else { 0 }
    }
}

extension WireWriter {
    @inlinable
    public mutating func uint64(_ number: UInt32, _ value: UInt64?) {
        if let value { uint64(number, value, .explicit) }
    }

    @inlinable
    public mutating func uint32(_ number: UInt32, _ value: UInt32?) {
        if let value { uint32(number, value, .explicit) }
    }

    @inlinable
    public mutating func int64(_ number: UInt32, _ value: Int64?) {
        if let value { int64(number, value, .explicit) }
    }

    @inlinable
    public mutating func int32(_ number: UInt32, _ value: Int32?) {
        if let value { int32(number, value, .explicit) }
    }

    @inlinable
    public mutating func int64Twos(_ number: UInt32, _ value: Int64?) {
        if let value { int64Twos(number, value, .explicit) }
    }

    @inlinable
    public mutating func int32Twos(_ number: UInt32, _ value: Int32?) {
        if let value { int32Twos(number, value, .explicit) }
    }

    @inlinable
    public mutating func bool(_ number: UInt32, _ value: Bool?) {
        if let value { bool(number, value, .explicit) }
    }

    @inlinable
    public mutating func uint64Fixed(_ number: UInt32, _ value: UInt64?) {
        if let value { uint64Fixed(number, value, .explicit) }
    }

    @inlinable
    public mutating func int64Fixed(_ number: UInt32, _ value: Int64?) {
        if let value { int64Fixed(number, value, .explicit) }
    }

    @inlinable
    public mutating func uint32Fixed(_ number: UInt32, _ value: UInt32?) {
        if let value { uint32Fixed(number, value, .explicit) }
    }

    @inlinable
    public mutating func int32Fixed(_ number: UInt32, _ value: Int32?) {
        if let value { int32Fixed(number, value, .explicit) }
    }

    @inlinable
    public mutating func double(_ number: UInt32, _ value: Double?) {
        if let value { double(number, value, .explicit) }
    }

    @inlinable
    public mutating func float(_ number: UInt32, _ value: Float?) {
        if let value { float(number, value, .explicit) }
    }

    @inlinable
    public mutating func string(_ number: UInt32, _ value: String?) {
        if let value { string(number, value, .explicit) }
    }

    @inlinable
    public mutating func bytes(_ number: UInt32, _ value: [UInt8]?) {
        if let value { bytes(number, value, .explicit) }
    }

    @inlinable
    public mutating func uuid(_ number: UInt32, _ value: UniqueID?) {
        if let value { uuid(number, value, .explicit) }
    }

    @inlinable
    public mutating func enumeration<E: WireEnum>(_ number: UInt32, _ value: E?) {
        if let value { enumeration(number, value, .explicit) }
    }

    @inlinable
    public mutating func decimal(_ number: UInt32, _ value: Decimal64?) {
        if let value { decimal(number, value) }
    }

    @inlinable
    public mutating func money(_ number: UInt32, _ value: Money?) {
        if let value { money(number, value) }
    }

    @inlinable
    public mutating func timestamp(_ number: UInt32, _ value: Timestamp?) {
        if let value { timestamp(number, value) }
    }

    @inlinable
    public mutating func duration(_ number: UInt32, _ value: TimeSpan?) {
        if let value { duration(number, value) }
    }

    @inlinable
    public mutating func date(_ number: UInt32, _ value: CalendarDate?) {
        if let value { date(number, value) }
    }

    @inlinable
    public mutating func message<M: WireMessage>(
        _ number: UInt32, _ value: M?, _ sizes: inout SizeCache
    ) {
        if let value { message(number, value, &sizes) }
    }
}
