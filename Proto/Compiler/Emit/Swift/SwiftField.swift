/// A field as generated Swift sees it: its type, and the runtime's names for it.
struct SwiftField {
    let field: Field
    let schema: Schema
    /// The message that the code is written into.
    let container: Message

    var property: String { SwiftName.property(field.name) }
    var reference: String { SwiftName.reference(property) }
    /// The case of a oneof or union.
    var member: String { SwiftName.member(field.name) }
    var isOptional: Bool { field.cardinality == .optional }

    // MARK: Types

    /// The type of the value or of each element.
    var elementType: String {
        switch field.type {
        case .builtin(let builtin): Self.typeNames[builtin] ?? builtin.rawValue
        case .message(let id), .enumeration(let id): SwiftType.name(id, schema, inside: container)
        }
    }

    var propertyType: String {
        switch field.cardinality {
        case .singular: elementType
        case .optional: elementType + "?"
        case .list: "[\(elementType)]"
        case .map(let key, _): "WireMap<\(Self.typeNames[key] ?? "String"), \(elementType)>"
        }
    }

    /// The initial value; nil for a required message, which an initializer must be given.
    var defaultValue: String? {
        switch field.cardinality {
        case .optional: "nil"
        case .list: "[]"
        case .map: "[:]"
        case .singular: field.type.isMessageType ? nil : zero
        }
    }

    /// The value of an absent scalar.
    private var zero: String {
        switch field.type {
        case .builtin(.bool): "false"
        case .builtin(.string): "\"\""
        case .builtin(.bytes): "[]"
        case .builtin(.uuid): ".zero"
        case .builtin: "0"
        case .enumeration(let id):
            "." + SwiftName.member(schema.enumeration(id)?.values.first?.name ?? "unspecified")
        case .message: ".blank()"
        }
    }

    /// A placeholder until the real value is read.
    var blank: String { field.type.isMessageType ? ".blank()" : zero }

    // MARK: Runtime

    /// The name of the calls of reader, sizes and writer.
    var method: String {
        switch field.type {
        case .message: "message"
        case .enumeration: "enumeration"
        case .builtin(let builtin): builtin.rawValue + encodingSuffix(field.encoding)
        }
    }

    var codec: String {
        switch field.type {
        case .message: "MessageCodec<\(elementType)>"
        case .enumeration: "EnumCodec<\(elementType)>"
        case .builtin(let builtin): Self.codec(builtin, field.encoding)
        }
    }

    var keyCodec: String? {
        guard case .map(let key, let encoding) = field.cardinality else { return nil }
        return Self.codec(key, encoding)
    }

    /// The `FieldKind` of the field table.
    var kind: String {
        switch field.type {
        case .message: ".message { \(elementType).fields }"
        case .enumeration: ".enumeration(\(elementType).names)"
        case .builtin(let builtin): "." + builtin.rawValue + encodingSuffix(field.encoding)
        }
    }

    /// The `FieldShape` of the field table; nil for the usual one.
    var shape: String? {
        if let oneof = field.oneof { return ".member(\(oneof))" }
        switch field.cardinality {
        case .singular: return field.type.isMessageType ? ".required" : nil
        case .optional: return ".optional"
        case .list: return field.isPacked ? ".packed" : ".list"
        case .map(let key, let encoding):
            return ".map(.\(key.rawValue)\(encodingSuffix(encoding)))"
        }
    }

    var tag: String {
        SwiftLiteral.short(UInt64(field.number) << 3 | UInt64(wireType))
    }

    private var wireType: Int {
        if field.isRepeated { return 2 }
        switch field.type {
        case .message: return 2
        case .enumeration: return 0
        case .builtin(let builtin):
            switch builtin {
            case .float: return 5
            case .double: return 1
            case .int32, .uint32: return field.encoding == .fixed ? 5 : 0
            case .int64, .uint64: return field.encoding == .fixed ? 1 : 0
            case .bool: return 0
            default: return 2
            }
        }
    }

    private func encodingSuffix(_ encoding: IntegerEncoding) -> String {
        switch encoding {
        case .varint: ""
        case .twos: "Twos"
        case .fixed: "Fixed"
        }
    }

    private static func codec(_ builtin: Builtin, _ encoding: IntegerEncoding) -> String {
        let base =
            switch builtin {
            case .uint32: "UInt32"
            case .uint64: "UInt64"
            case .uuid: "UUID"
            default: Spelling.pascalCase(builtin.rawValue)
            }
        switch encoding {
        case .varint: return base + "Codec"
        case .twos: return base + "TwosCodec"
        case .fixed: return base + "FixedCodec"
        }
    }

    private static let typeNames: [Builtin: String] = [
        .bool: "Bool", .int32: "Int32", .int64: "Int64", .uint32: "UInt32", .uint64: "UInt64",
        .float: "Float", .double: "Double", .string: "String", .bytes: "[UInt8]", .uuid: "UniqueID",
        .decimal: "Decimal64", .money: "Money", .timestamp: "Timestamp", .duration: "TimeSpan",
        .date: "CalendarDate",
    ]
}

/// Names of generated types.
enum SwiftType {
    /// `AssessRequest` inside its package, `BankPartyV1.Card` from another.
    static func name(_ id: TypeID, _ schema: Schema, from package: Int) -> String {
        let type = schema.types[id.index]
        if type.package == package { return type.name }
        return "\(schema.packages[type.package].swiftName).\(type.name)"
    }

    /// The same inside a message. Swift seeks a name in the message first, and from an extension of
    /// a nested message it does not see the package at all.
    static func name(_ id: TypeID, _ schema: Schema, inside message: Message) -> String {
        let type = schema.types[id.index]
        let first = type.name.prefix { $0 != "." }
        let isHidden = schema.packages[message.package].types.contains { id in
            schema.types[id.index].name == "\(message.name).\(first)"
        }
        guard type.package == message.package, isHidden || message.name.contains(".") else {
            return name(id, schema, from: message.package)
        }
        return "\(schema.packages[type.package].swiftName).\(type.name)"
    }
}
