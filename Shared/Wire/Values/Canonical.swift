/// What a field of a message may hold: values whose identity is the identity of their bytes.
///
/// `String` and floating-point numbers need care: Swift compares strings by canonical equivalence, and
/// `-0.0 == 0.0`, while their encodings differ.
public protocol WireValue: Sendable, Hashable {
    /// True exactly if both have the same encoding.
    static func isIdentical(_ a: Self, _ b: Self) -> Bool
    /// Feeds what `isIdentical` compares.
    func hashIdentity(into hasher: inout Hasher)
}

extension WireValue {
    @inlinable
    public static func isIdentical(_ a: Self, _ b: Self) -> Bool { a == b }
    @inlinable
    public func hashIdentity(into hasher: inout Hasher) { hash(into: &hasher) }
}

extension Bool: WireValue {}
extension Int32: WireValue {}
extension Int64: WireValue {}
extension UInt32: WireValue {}
extension UInt64: WireValue {}
extension Decimal64: WireValue {}
extension Money: WireValue {}
extension Timestamp: WireValue {}
extension TimeSpan: WireValue {}
extension CalendarDate: WireValue {}
extension UniqueID: WireValue {}
extension UnknownFields: WireValue {}
extension [UInt8]: WireValue {}

extension Float: WireValue {
    @inlinable
    public static func isIdentical(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern }
    @inlinable
    public func hashIdentity(into hasher: inout Hasher) { hasher.combine(bitPattern) }
}

extension Double: WireValue {
    @inlinable
    public static func isIdentical(_ a: Double, _ b: Double) -> Bool {
        a.bitPattern == b.bitPattern
    }
    @inlinable
    public func hashIdentity(into hasher: inout Hasher) { hasher.combine(bitPattern) }
}

extension String: WireValue {
    @inlinable
    public static func isIdentical(_ a: String, _ b: String) -> Bool { UTF8Order.equal(a, b) }

    @inlinable
    public func hashIdentity(into hasher: inout Hasher) { UTF8Order.hash(self, into: &hasher) }
}

/// Equality and hashing for generated messages: `a == b` exactly if their encodings are equal. Once per
/// type of field and module, not once per field: neither is worth the machine code.
public enum Canonical {
    @inlinable @inline(never)
    public static func equal<T: WireValue>(_ a: T, _ b: T) -> Bool { T.isIdentical(a, b) }

    @inlinable @inline(never)
    public static func equal<T: WireValue>(_ a: T?, _ b: T?) -> Bool {
        switch (a, b) {
        case (let a?, let b?): T.isIdentical(a, b)
        case (nil, nil): true
        default: false
        }
    }

    @inlinable @inline(never)
    public static func equal<T: WireValue>(_ a: [T], _ b: [T]) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.indices where !T.isIdentical(a[index], b[index]) { return false }
        return true
    }

    @inlinable @inline(never)
    public static func hash<T: WireValue>(_ value: T, into hasher: inout Hasher) {
        value.hashIdentity(into: &hasher)
    }

    @inlinable @inline(never)
    public static func hash<T: WireValue>(_ value: T?, into hasher: inout Hasher) {
        hasher.combine(value != nil)
        value?.hashIdentity(into: &hasher)
    }

    @inlinable @inline(never)
    public static func hash<T: WireValue>(_ values: [T], into hasher: inout Hasher) {
        hasher.combine(values.count)
        for value in values { value.hashIdentity(into: &hasher) }
    }
}
