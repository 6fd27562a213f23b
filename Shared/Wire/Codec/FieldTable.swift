/// What is personal about a field; such values are never printed.
public enum PersonalData: String, Sendable {
    case account, person, contact, device, credential
}

/// The type of a field, or of the elements of a list, or of the values of a map.
public enum FieldKind: Sendable {
    case bool, int32, int64, uint32, uint64, int32Twos, int64Twos
    case int32Fixed, uint32Fixed, int64Fixed, uint64Fixed, float, double
    case string, bytes, uuid
    case enumeration(EnumNames)
    case decimal, money, timestamp, duration, date
    case message(@Sendable () -> FieldTable)

    /// VARINT 0, I64 1, LEN 2, I32 5.
    package var wireType: UInt32 {
        switch self {
        case .bool, .int32, .int64, .uint32, .uint64, .int32Twos, .int64Twos, .enumeration: 0
        case .int64Fixed, .uint64Fixed, .double: 1
        case .int32Fixed, .uint32Fixed, .float: 5
        case .string, .bytes, .uuid, .decimal, .money, .timestamp, .duration, .date, .message: 2
        }
    }

    /// True if the value is itself a sequence of records.
    var isRecord: Bool {
        switch self {
        case .decimal, .money, .timestamp, .duration, .date, .message: true
        default: false
        }
    }

    /// The table of a value that is itself a sequence of records.
    package var table: FieldTable? {
        switch self {
        case .decimal: .decimal
        case .money: .money
        case .timestamp: .timestamp
        case .duration: .duration
        case .date: .date
        case .message(let table): table()
        default: nil
        }
    }
}

/// How often a field stands in a message, and what its absence means.
public enum FieldShape: Sendable {
    /// A scalar whose zero is not written.
    case implicit
    /// Written whenever set.
    case optional
    /// Always written; absence is an error.
    case required
    /// A member of the oneof with this index, or of a union.
    case member(Int)
    /// A list with one record per element.
    case list
    /// A list in one packed record.
    case packed
    /// A map with keys of this type.
    case map(FieldKind)
}

/// One field of a message.
public struct Field: Sendable {
    public let number: Int
    /// The name in the schema.
    public let name: String
    public let jsonName: String
    public let kind: FieldKind
    public let shape: FieldShape
    /// What is personal about it, if anything.
    public let pii: PersonalData?

    public init(
        _ number: Int, _ name: String, json: String? = nil, _ kind: FieldKind,
        _ shape: FieldShape = .implicit, pii: PersonalData? = nil
    ) {
        self.number = number
        self.name = name
        jsonName = json ?? name
        self.kind = kind
        self.shape = shape
        self.pii = pii
    }

    /// The wire type of its records in the canonical encoding.
    package var wireType: UInt32 {
        switch shape {
        case .packed, .map: 2
        default: kind.wireType
        }
    }

    var isPacked: Bool { if case .packed = shape { true } else { false } }
    var isMap: Bool { if case .map = shape { true } else { false } }
    /// True if several records of this number are several elements.
    var isRepeated: Bool {
        switch shape {
        case .list, .map: true
        default: false
        }
    }
    var oneof: Int? { if case .member(let index) = shape { index } else { nil } }

    /// The table of what is inside a LEN record of this field: of a map, its entry.
    package var inner: FieldTable? {
        guard case .map(let key) = shape else { return kind.table }
        return FieldTable("", depth: 1, [Field(1, "key", key), Field(2, "value", kind)])
    }
}

/// A group of fields of which at most one is set.
public struct Oneof: Sendable {
    public let name: String
    /// True if one member must be set.
    public let isRequired: Bool

    public init(_ name: String, required: Bool = false) {
        self.name = name
        isRequired = required
    }
}

/// What the runtime knows of a message type: for the tolerant door, JSON, error paths and redaction.
public struct FieldTable: Sendable {
    /// The deepest nesting of a value, this message and map entries included.
    public let depth: Int
    /// One reference, since the tolerant door passes tables around for every record.
    private let content: Content

    /// What the header of a field's records tells.
    struct Header {
        let number: UInt32
        let wireType: UInt32
        let isRepeated: Bool
        /// True if what its records hold are records again; of a map, if its values do.
        let holdsRecords: Bool
        let isMap: Bool
        /// One bit per oneof; all of them from the 64th on, which then looks like any other.
        let oneof: UInt64

        init(_ field: Field) {
            number = UInt32(field.number)
            wireType = field.wireType
            isRepeated = field.isRepeated
            holdsRecords = field.kind.isRecord
            isMap = field.isMap
            if let index = field.oneof {
                oneof = index < 63 ? 1 << UInt64(index) : .max
            } else {
                oneof = 0
            }
        }
    }

    private final class Content: Sendable {
        let name: String
        let isUnion: Bool
        let fields: [Field]
        let oneofs: [Oneof]
        let headers: [Header]

        init(_ name: String, isUnion: Bool, _ fields: [Field], _ oneofs: [Oneof]) {
            self.name = name
            self.isUnion = isUnion
            self.fields = fields
            self.oneofs = oneofs
            headers = fields.map { Header($0) }
        }
    }

    public init(
        _ name: String, depth: Int, isUnion: Bool = false, _ fields: [Field], oneofs: [Oneof] = []
    ) {
        self.depth = depth
        content = Content(name, isUnion: isUnion, fields, oneofs)
    }

    /// The full name, such as `bank.risk.v1.Device`.
    public var name: String { content.name }
    /// True if at most one record is allowed.
    public var isUnion: Bool { content.isUnion }
    /// Ascending by number.
    public var fields: [Field] { content.fields }
    public var oneofs: [Oneof] { content.oneofs }
    /// Per field, for the scan of the tolerant door.
    var headers: [Header] { content.headers }

    /// The position in `fields` of a number.
    func index(of number: Int) -> Int? {
        var low = 0
        var high = fields.count
        while low < high {
            let middle = (low + high) / 2
            if fields[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < fields.count && fields[low].number == number ? low : nil
    }

    package func field(_ number: Int) -> Field? { index(of: number).map { fields[$0] } }

    /// The required fields and oneofs, ascending by smallest number: the bits of a decoder's `seen`.
    package var required: [(name: String, number: Int, oneof: Int?)] {
        var found: [(name: String, number: Int, oneof: Int?)] = []
        for field in fields {
            switch field.shape {
            case .required: found.append((field.name, field.number, nil))
            case .member(let index) where oneofs[index].isRequired:
                if !found.contains(where: { $0.oneof == index }) {
                    found.append((oneofs[index].name, field.number, index))
                }
            default: break
            }
        }
        return found
    }
}

extension FieldTable {
    static let decimal = FieldTable(
        "assay.types.v1.Decimal", depth: 1,
        [Field(1, "coefficient", .int64), Field(2, "scale", .uint32)])
    static let money = FieldTable(
        "assay.types.v1.Money", depth: 1,
        [
            Field(1, "currency", .string), Field(2, "coefficient", .int64),
            Field(3, "scale", .uint32),
        ])
    static let timestamp = FieldTable(
        "google.protobuf.Timestamp", depth: 1,
        [Field(1, "seconds", .int64Twos), Field(2, "nanos", .int32Twos)])
    static let duration = FieldTable(
        "google.protobuf.Duration", depth: 1,
        [Field(1, "seconds", .int64Twos), Field(2, "nanos", .int32Twos)])
    static let date = FieldTable(
        "assay.types.v1.Date", depth: 1, [Field(1, "days", .int32)])
}
