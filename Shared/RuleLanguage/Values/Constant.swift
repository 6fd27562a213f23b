/// A value that is known when an expression is compiled, or that goes into a frame: a literal, a
/// parameter, a fact.
public indirect enum Constant: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case timestamp(Instant)
    /// Nanoseconds.
    case duration(Int64)
    /// The position of a label among those of its category.
    case category(Int)
    case place(Coordinates)
    case list([Constant])
    /// Keys are bools, ints or texts and stand once.
    case map([MapEntry])
    /// Fields in the order of the record's type; nil is missing.
    case record([Constant?])

    public struct MapEntry: Sendable, Hashable {
        public var key: Constant
        public var value: Constant

        public init(key: Constant, value: Constant) {
            self.key = key
            self.value = value
        }
    }
}

extension Constant {
    /// The type of the value; a list takes the type of its first entry. Records and categories do
    /// not know theirs.
    var type: ValueType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .string: .string
        case .timestamp: .timestamp
        case .duration: .duration
        case .place: .place
        case .list(let entries): .list(Self.common(entries.map(\.type)))
        case .map(let entries):
            .map(Self.common(entries.map(\.key.type)), Self.common(entries.map(\.value.type)))
        case .category, .record: .any
        }
    }

    private static func common(_ types: [ValueType]) -> ValueType {
        guard let first = types.first, types.allSatisfy({ $0 == first }) else { return .any }
        return first
    }

    /// Whether the value may stand where this type is declared.
    func fits(_ type: ValueType) -> Bool {
        switch (self, type) {
        case (_, .any), (.string, .token): true
        case (.list(let entries), .list(let element)): entries.allSatisfy { $0.fits(element) }
        case (.map(let entries), .map(let key, let value)):
            Self.areKeys(entries)
                && entries.allSatisfy { $0.key.fits(key) && $0.value.fits(value) }
        case (.record(let fields), .record(let record)):
            fields.count == record.fields.count
                && zip(fields, record.fields).allSatisfy { $0?.fits($1.type) ?? true }
        case (.category(let code), .category(let category)):
            category.labels.indices.contains(code)
        default: self.type == type
        }
    }

    private static func areKeys(_ entries: [MapEntry]) -> Bool {
        let sorted = entries.map(\.key).sorted(by: keyPrecedes)
        return zip(sorted, sorted.dropFirst()).allSatisfy(keyPrecedes)
    }

    static func keyPrecedes(_ a: Constant, _ b: Constant) -> Bool {
        switch (a, b) {
        case (.bool(let x), .bool(let y)): !x && y
        case (.int(let x), .int(let y)): x < y
        case (.string(let x), .string(let y)): x.precedes(y)
        case (.bool, _), (.int, .string): true
        default: false
        }
    }
}
