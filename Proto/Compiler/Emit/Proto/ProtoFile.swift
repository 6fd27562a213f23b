/// A `.proto` file before it is written. `ProtoPrinter` writes it as text, `DescriptorEmitter` as
/// protobuf's description of that text: they agree because both write this.
struct ProtoFile: Sendable {
    /// `bank/risk/v1/risk.proto`.
    let path: String
    let package: String
    var doc: [String] = []
    /// Paths, in the order of the file.
    var imports: [String] = []
    /// In the order of the file.
    var types: [ProtoType] = []
    var services: [ProtoService] = []
    /// Of the files that protobuf itself brings.
    var options: [ProtoFileOption] = []
}

enum ProtoType: Sendable {
    case message(ProtoMessage)
    case enumeration(ProtoEnum)

    var name: String {
        switch self {
        case .message(let message): message.name
        case .enumeration(let enumeration): enumeration.name
        }
    }
}

/// What a reader is told about a declaration: the schema's doc comment, and its annotations.
struct ProtoComment: Sendable {
    var doc: [String] = []
    var rules = ""
}

struct ProtoMessage: Sendable {
    enum Member: Sendable {
        case field(ProtoField)
        case oneof(ProtoOneof)
    }

    let name: String
    var comment = ProtoComment()
    var types: [ProtoType] = []
    var reserved: [Reserved] = []
    /// In the order of the file: a oneof stands at its smallest number.
    var members: [Member] = []

    var fields: [ProtoField] {
        members.flatMap { member in
            switch member {
            case .field(let field): [field]
            case .oneof(let oneof): oneof.fields
            }
        }
    }
}

struct ProtoOneof: Sendable {
    let name: String
    var comment = ProtoComment()
    let fields: [ProtoField]
}

struct ProtoField: Sendable {
    enum Label: Sendable, Hashable {
        case singular
        /// proto3's `optional`, of a scalar.
        case optional
        case repeated
        case map(key: ProtoScalar)
    }

    enum Value: Sendable {
        case scalar(ProtoScalar)
        /// By its full name.
        case message(String)
        case enumeration(String)
    }

    let name: String
    let number: Int
    var label = Label.singular
    let value: Value
    var jsonName: String
    var hasCustomJSONName = false
    var isDeprecated = false
    var comment = ProtoComment()

    /// The message that protobuf makes of a map's entry: `by_key` → `ByKeyEntry`.
    var entryName: String? {
        guard case .map = label else { return nil }
        return Self.entryName(name)
    }

    static func entryName(_ field: String) -> String {
        let name = Spelling.jsonName(field)
        return name.prefix(1).uppercased() + name.dropFirst() + "Entry"
    }
}

/// The scalar types of protobuf; the numbers are those of `FieldDescriptorProto.Type`.
enum ProtoScalar: Int, Sendable {
    case double = 1
    case float, int64, uint64, int32, fixed64, fixed32, bool, string
    case bytes = 12
    case uint32
    case sfixed32 = 15
    case sfixed64, sint32, sint64

    var name: String { String(describing: self) }
}

struct ProtoEnum: Sendable {
    struct Value: Sendable {
        let name: String
        let number: Int
        let doc: [String]
        /// The reason, where it is deprecated.
        let deprecated: String?
    }

    let name: String
    var comment = ProtoComment()
    var values: [Value] = []
    var reserved: [Reserved] = []
}

struct ProtoService: Sendable {
    struct Method: Sendable {
        enum Idempotency: Int, Sendable {
            case unknown, noSideEffects, idempotent
        }

        let name: String
        var comment = ProtoComment()
        /// By their full names.
        let request: String
        let response: String
        let streamsRequest: Bool
        let streamsResponse: Bool
        let idempotency: Idempotency
    }

    let name: String
    var comment = ProtoComment()
    var methods: [Method] = []
}

/// An option of `google.protobuf.FileOptions`, by its number.
enum ProtoFileOption: Sendable {
    case text(Int, String)
    case flag(Int)

    var number: Int {
        switch self {
        case .text(let number, _), .flag(let number): number
        }
    }
}
