/// A field of a message, or a member of a union or oneof.
struct Field: Sendable {
    enum Cardinality: Sendable, Hashable {
        /// Absent means zero; or, for a message type, `@required`.
        case singular
        case optional
        case list
        case map(key: Builtin, encoding: IntegerEncoding)
    }

    let name: String
    let number: Int
    let cardinality: Cardinality
    /// The type of the value, or of each element or map value.
    let type: ValueType
    /// Of the value or of each element, when `type` is an integer.
    let encoding: IntegerEncoding
    /// The `scalar` that the type was given by, for readers.
    let scalarName: String?
    /// Index of the oneof that the field belongs to.
    var oneof: Int?
    let isRequired: Bool
    let rules: FieldRules
    let pii: PersonalData?
    let jsonName: String
    let hasCustomJSONName: Bool
    let deprecated: String?
    let doc: [String]
    let annotations: [Annotation]
    let location: Location
    let typeLocation: Location
    let numberLocation: Location

    /// Packed lists are one record on the wire.
    var isPacked: Bool { cardinality == .list && type.isPackable }

    var isMap: Bool {
        if case .map = cardinality { true } else { false }
    }

    /// "Message types" have presence of their own (wire.md §2).
    var isRequiredMessage: Bool { isRequired && cardinality == .singular && type.isMessageType }
}

/// Types as the language writes them.
extension Schema {
    /// `[string: Value]`; `name` says how a declared type is called.
    func typeText(
        _ type: ValueType, _ cardinality: Field.Cardinality, name: (TypeDeclaration) -> String
    ) -> String {
        let element =
            switch type {
            case .builtin(let builtin): builtin.rawValue
            case .message(let id), .enumeration(let id): name(types[id.index])
            }
        return switch cardinality {
        case .singular: element
        case .optional: "\(element)?"
        case .list: "[\(element)]"
        case .map(let key, _): "[\(key.rawValue): \(element)]"
        }
    }

    /// With names as they are inside their packages.
    func typeText(_ field: Field) -> String {
        typeText(field.type, field.cardinality, name: \.name)
    }
}

/// The type of a value.
enum ValueType: Sendable, Hashable {
    case builtin(Builtin)
    case message(TypeID)
    case enumeration(TypeID)

    /// Messages, unions, `decimal`, `money`, `timestamp`, `duration` and `date`.
    var isMessageType: Bool {
        switch self {
        case .builtin(let builtin): builtin.isMessageType
        case .message: true
        case .enumeration: false
        }
    }

    var isPackable: Bool {
        switch self {
        case .builtin(let builtin): builtin.isPackable
        case .message: false
        case .enumeration: true
        }
    }

    var typeID: TypeID? {
        switch self {
        case .builtin: nil
        case .message(let id), .enumeration(let id): id
        }
    }
}

/// The built-in types of wire.md §4.
enum Builtin: String, Sendable, Hashable, CaseIterable {
    case bool, int32, int64, uint32, uint64, float, double, string, bytes, uuid
    case decimal, money, timestamp, duration, date

    var isMessageType: Bool {
        switch self {
        case .decimal, .money, .timestamp, .duration, .date: true
        default: false
        }
    }

    var isInteger: Bool {
        switch self {
        case .int32, .int64, .uint32, .uint64: true
        default: false
        }
    }

    var isSignedInteger: Bool { self == .int32 || self == .int64 }
    var isFloat: Bool { self == .float || self == .double }
    var isPackable: Bool { self == .bool || isInteger || isFloat }
    var isMapKey: Bool { self == .string || self == .bool || isInteger }
    var isTextual: Bool { self == .string || self == .bytes }
}

/// How an integer is written; signed integers are zigzag unless they say otherwise.
enum IntegerEncoding: String, Sendable, Hashable {
    /// Zigzag for signed integers, a plain varint for unsigned ones.
    case varint
    /// Protobuf's `int32` and `int64`.
    case twos
    /// 4 or 8 bytes, little-endian.
    case fixed
}

enum PersonalData: String, Sendable, Hashable, CaseIterable {
    case account, person, contact, device, credential
}

/// The rules that `validate()` checks (wire.md §5).
struct FieldRules: Sendable, Hashable {
    /// Of a list or map: its count.
    var count = Bounds()
    /// Of a string or bytes value or element: its bytes.
    var length = Bounds()
    /// Of string keys: their bytes.
    var keyMaximum: Int?
    var isUnique = false
    var lower: Literal?
    var upper: Literal?
    var isFinite = false
    var allowed: [AllowedValue] = []
    var pattern: String?
    var maximumScale: Int?
    var currencies: [String] = []
    var isCommitment = false

    struct Bounds: Sendable, Hashable {
        var minimum: Int?
        var maximum: Int?
        var isEmpty: Bool { minimum == nil && maximum == nil }
    }

    enum AllowedValue: Sendable, Hashable {
        case integer(Int128)
        case string(String)
        /// Number of an enum's value, and its name.
        case enumerator(Int, String)
    }
}
