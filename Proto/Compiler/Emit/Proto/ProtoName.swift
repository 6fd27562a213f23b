/// Names in `.proto`.
enum ProtoName {
    /// The scalar that a type is on the wire; nil for the types that are messages there.
    static func scalar(_ builtin: Builtin, _ encoding: IntegerEncoding) -> ProtoScalar? {
        switch (builtin, encoding) {
        case (.bool, _): .bool
        case (.int32, .varint): .sint32
        case (.int32, .twos): .int32
        case (.int32, .fixed): .sfixed32
        case (.int64, .varint): .sint64
        case (.int64, .twos): .int64
        case (.int64, .fixed): .sfixed64
        case (.uint32, let encoding): encoding == .fixed ? .fixed32 : .uint32
        case (.uint64, let encoding): encoding == .fixed ? .fixed64 : .uint64
        case (.float, _): .float
        case (.double, _): .double
        case (.string, _): .string
        case (.bytes, _), (.uuid, _): .bytes
        case (.decimal, _), (.money, _), (.timestamp, _), (.duration, _), (.date, _): nil
        }
    }

    /// The full name of the message that a type is on the wire.
    static func message(_ builtin: Builtin) -> String {
        let name = Spelling.pascalCase(builtin.rawValue)
        switch builtin {
        case .timestamp, .duration: return "google.protobuf." + name
        default: return ProtoFiles.valueTypesPackage + "." + name
        }
    }

    /// `CardScheme` → `CARD_SCHEME_`.
    static func enumPrefix(_ name: String) -> String { Spelling.upperSnakeCase(name) + "_" }
}

/// How types are named in one file, so that `protoc` finds them. It looks for the first part of a
/// name from the innermost scope outwards and stops at the first that has it: inside package
/// `a.bank.v1`, `bank.party.v1.Card` would be sought in `a.bank`.
struct ProtoScope {
    private var packages: Set<String> = []
    private var types: Set<String> = []

    init(_ files: [ProtoFile]) {
        for file in files {
            var name = ""
            for part in file.package.split(separator: ".") {
                name += (name.isEmpty ? "" : ".") + part
                packages.insert(name)
            }
            for type in file.types { insert(type, in: file.package) }
            for service in file.services { packages.insert("\(file.package).\(service.name)") }
        }
    }

    private mutating func insert(_ type: ProtoType, in scope: String) {
        let name = "\(scope).\(type.name)"
        types.insert(name)
        guard case .message(let message) = type else { return }
        for child in message.types { insert(child, in: name) }
        for entry in message.fields.compactMap(\.entryName) { types.insert("\(name).\(entry)") }
    }

    /// Words that begin a statement or name a type, so that a type's name cannot begin with them.
    private static let keywords: Set<Substring> = [
        "message", "enum", "extensions", "extend", "reserved", "option", "oneof", "optional",
        "repeated", "required", "map", "group", "stream", "double", "float", "int32", "int64",
        "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64",
        "bool", "string", "bytes",
    ]

    /// The shortest name that leads to a type: without the package inside it, else the full one,
    /// with a leading dot where something nearer has its first part, or where that is a keyword.
    func reference(to type: String, from scope: String, in package: String) -> String {
        let own = package + "."
        var candidates = [type]
        if type.hasPrefix(own) { candidates.insert(String(type.dropFirst(own.count)), at: 0) }
        return candidates.first { name in
            !Self.keywords.contains(name.prefix { $0 != "." })
                && resolve(name, from: scope) == type
        } ?? "." + type
    }

    private func resolve(_ name: String, from scope: String) -> String? {
        let parts = name.split(separator: ".")
        var scope = scope.split(separator: ".")
        while true {
            let found = (scope + parts.prefix(1)).joined(separator: ".")
            if types.contains(found) || parts.count > 1 && packages.contains(found) {
                return (scope + parts).joined(separator: ".")
            }
            guard scope.popLast() != nil else { return nil }
        }
    }
}
