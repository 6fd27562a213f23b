/// The number of an enum value that this schema does not know; only the runtime makes one.
@frozen
public struct UnrecognizedNumber: Sendable, Hashable {
    public let number: Int32

    @inlinable
    init(_ number: Int32) { self.number = number }
}

/// The names of an enum's values, as in JSON.
public struct EnumNames: Sendable {
    /// The full name of the enum.
    public let name: String
    let values: [(number: Int32, name: String)]

    /// Values ascending by number.
    public init(_ name: String, _ values: [(Int32, String)]) {
        self.name = name
        self.values = values.map { (number: $0.0, name: $0.1) }
    }

    /// The name of a number; nil if it has none.
    public func name(of number: Int32) -> String? {
        values.first { $0.number == number }?.name
    }

    /// The number of a name; nil if there is no such name.
    public func number(of name: String) -> Int32? {
        values.first { UTF8Order.equal($0.name, name) }?.number
    }
}

/// A generated enum. It is open: numbers of newer schemas are kept.
public protocol WireEnum: WireValue, CustomStringConvertible {
    /// Nil for a number that the schema does not know.
    init?(number: Int32)
    var number: Int32 { get }
    static func unrecognized(_ number: UnrecognizedNumber) -> Self
    static var names: EnumNames { get }
}

extension WireEnum {
    /// Any number from 0 on.
    @inlinable
    static func decoded(_ number: Int32) -> Self {
        Self(number: number) ?? .unrecognized(UnrecognizedNumber(number))
    }

    /// The name in the schema, or the number.
    public var description: String { Self.names.name(of: number) ?? String(number) }
}
