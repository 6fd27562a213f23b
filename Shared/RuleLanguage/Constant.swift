/// A value that is known when an expression is compiled: a literal, a parameter, or what folding
/// made of them.
public indirect enum Constant: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case list([Constant])
}

/// The static type of an expression.
public indirect enum ValueType: Sendable, Hashable, CustomStringConvertible {
    case null
    case bool
    case int
    case double
    case string
    case list(ValueType)
    /// Element type of the empty list; fits every type.
    case any

    public var description: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .string: "string"
        case .list(let element): "list<\(element)>"
        case .any: "any"
        }
    }

    var isNumber: Bool { self == .int || self == .double }

    /// Whether values of both types may be compared for equality.
    func matches(_ other: ValueType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any): true
        case (.list(let a), .list(let b)): a.matches(b)
        default: self == other || (isNumber && other.isNumber)
        }
    }
}

extension Constant {
    /// The type of the value; a list takes the type of its first entry.
    var type: ValueType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .string: .string
        case .list(let entries): .list(entries.first?.type ?? .any)
        }
    }
}
