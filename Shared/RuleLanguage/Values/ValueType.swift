/// The static type of an expression.
public indirect enum ValueType: Sendable, Hashable, CustomStringConvertible {
    case null
    case bool
    case int
    case double
    case string
    /// A text of which only a keyed hash is kept: it can be compared for equality, searched in a
    /// list and be a key, and nothing else.
    case token
    case timestamp
    case duration
    case place
    case category(Category)
    case list(ValueType)
    case map(ValueType, ValueType)
    /// How many numbers there were of each magnitude; `rank(x, histogram)` alone takes it.
    case histogram
    case record(RecordType)
    /// Fits every type: the element of an empty list, and whatever CEL calls dynamic.
    case any

    public var description: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .string: "string"
        case .token: "token"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .place: "place"
        case .category(let category): "category \(category.name)"
        case .list(let element): "list<\(element)>"
        case .map(let key, let value): "map<\(key), \(value)>"
        case .histogram: "histogram"
        case .record(let record): record.name
        case .any: "any"
        }
    }

    var isNumber: Bool { self == .int || self == .double || self == .any }

    /// Whether an operand of this type may be taken for one of the other.
    func fits(_ other: ValueType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any): true
        case (.list(let a), .list(let b)): a.fits(b)
        case (.map(let k, let v), .map(let l, let w)): k.fits(l) && v.fits(w)
        default: self == other
        }
    }

    /// Whether values of both types may be compared for equality.
    func matches(_ other: ValueType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any), (.token, .string), (.string, .token): true
        case (.list(let a), .list(let b)): a.matches(b)
        case (.map(let k, let v), .map(let l, let w)): k.matches(l) && v.matches(w)
        case (.record, _), (_, .record): false
        default: self == other || (isNumber && other.isNumber)
        }
    }
}

/// What a number counts. Numbers of different units are neither added nor compared; a literal takes
/// the unit of its neighbour.
public enum Unit: String, Sendable, Hashable, CaseIterable {
    /// Minor units of the base currency.
    case money
    case count
    case seconds
    case share
}

/// A closed set of texts, kept as their positions. Position 0 also stands for unknown texts.
public struct Category: Sendable, Hashable {
    public var name: String
    public var labels: [String]

    public init(name: String, labels: [String]) {
        self.name = name
        self.labels = labels
    }
}

/// The rows of a table: named fields, and perhaps one by which a row is found.
public struct RecordType: Sendable, Hashable {
    public var name: String
    public var fields: [FactDeclaration]
    /// `rows[key]` finds the row with this value in the field.
    public var key: String?

    public init(name: String, fields: [FactDeclaration], key: String? = nil) {
        self.name = name
        self.fields = fields
        self.key = key
    }

    func position(of field: String) -> Int? { fields.firstIndex { $0.name == field } }
}
