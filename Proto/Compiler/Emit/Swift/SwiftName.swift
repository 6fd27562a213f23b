/// Names in generated Swift.
enum SwiftName {
    /// A property: `request_id` → `requestID`. Names that every message already has get the
    /// suffix `Field`.
    static func property(_ name: String) -> String {
        let name = Spelling.swiftMember(name)
        return messageMembers.contains(name) ? name + "Field" : escaped(name)
    }

    /// An enum case, a member of a union or a method.
    static func member(_ name: String) -> String {
        let name = Spelling.swiftMember(name)
        return ["self", "init", "description"].contains(name) ? name + "Value" : escaped(name)
    }

    /// A property as a function's body refers to it, where a parameter or local may have its name.
    static func reference(_ property: String) -> String {
        locals.contains(property) ? "self.\(property)" : property
    }

    private static func escaped(_ name: String) -> String {
        keywords.contains(name) ? "`\(name)`" : name
    }

    /// The name without backticks, for a place behind a dot or a label.
    static func bare(_ name: String) -> String {
        name.hasPrefix("`") ? String(name.dropFirst().dropLast()) : name
    }

    /// Members of `WireMessage` that a field may not replace.
    private static let messageMembers: Set<String> = [
        "description", "debugDescription", "hashValue", "unknown", "self", "init",
    ]

    private static let locals: Set<String> = [
        "reader", "writer", "sizes", "size", "seen", "start", "field", "violations", "hasher",
        "value",
    ]

    private static let keywords: Set<String> = [
        "as", "associatedtype", "await", "borrowing", "break", "case", "catch", "class",
        "consuming", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension",
        "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in",
        "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private",
        "protocol", "public", "repeat", "rethrows", "return", "static", "struct", "subscript",
        "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
    ]

    /// Type names that generated code uses, so that a schema cannot declare them.
    static let reservedTypes: Set<String> = [
        "Any", "Array", "Bool", "CalendarDate", "CallOptions", "Canonical", "Client",
        "ClientTransport", "Decimal64", "Double", "EnumNames", "Field", "FieldTable", "Fingerprint",
        "Float", "Hasher", "Int", "Int32", "Int64", "JSONError", "JSONReader", "JSONWriter",
        "MessageStream", "MethodDescriptor", "MethodRegistry", "Money", "Oneof", "Optional",
        "Pattern",
        "Protocol", "RPCService", "ReplyStream", "ReplyWriter", "RequestStream", "RequestWriter",
        "Result", "RetryPolicy", "SealableMessage", "Self", "ServerContext", "Service", "SizeCache",
        "String",
        "TimeSpan", "Timestamp", "Type", "UInt32", "UInt64", "UInt8", "UniqueID", "UnknownFields",
        "UnrecognizedNumber", "Violations", "WireEnum", "WireError", "WireMap", "WireMessage",
        "WireReader", "WireValue", "WireWriter",
    ]
}

/// Number literals of generated Swift.
enum SwiftLiteral {
    /// `86_400`; groups of three from five digits on.
    static func decimal(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        let sign = value < 0 ? "-" : ""
        return sign + (digits.utf8.count > 4 ? grouped(digits, by: 3) : digits)
    }

    /// `0x99dc_9eff_bef7_8319`.
    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return "0x" + grouped(String(repeating: "0", count: 16 - digits.count) + digits, by: 4)
    }

    /// A tag or bit mask: `0x0A`.
    static func short(_ value: UInt64) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "0x" + (digits.count % 2 == 0 ? digits : "0" + digits)
    }

    private static func grouped(_ digits: String, by size: Int) -> String {
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % size == 0 { result += "_" }
            result.append(digit)
        }
        return result
    }
}
