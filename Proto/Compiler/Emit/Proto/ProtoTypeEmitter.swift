/// Writes messages, unions and enums of one package as proto3.
struct ProtoTypeEmitter {
    let schema: Schema
    let package: Int
    /// All type names of the package: dotted ones are nested in their parents.
    let nested: [String]

    func emit(_ type: TypeDeclaration, to writer: inout CodeWriter) {
        switch type {
        case .message(let message): emit(message, to: &writer)
        case .enumeration(let enumeration): emit(enumeration, to: &writer)
        }
    }

    private func localName(_ name: String) -> String {
        name.split(separator: ".").last.map(String.init) ?? name
    }

    // MARK: Enums

    private func emit(_ enumeration: Enumeration, to writer: inout CodeWriter) {
        let prefix =
            schema.packages[package].isForeign
            ? "" : ProtoType.enumPrefix(localName(enumeration.name))
        writer.documentation(enumeration.doc, marker: "//")
        writer.block("enum \(localName(enumeration.name))") { writer in
            emit(enumeration.reserved, enumPrefix: prefix, to: &writer)
            for value in enumeration.values {
                writer.documentation(value.doc, marker: "//")
                let name = prefix + Spelling.upperSnakeCase(value.name)
                let option = value.deprecated == nil ? "" : " [deprecated = true]"
                let reason = value.deprecated.map { "  // deprecated: \($0)" } ?? ""
                writer.line("\(name) = \(value.number)\(option);\(reason)")
            }
        }
    }

    // MARK: Messages

    private func emit(_ message: Message, to writer: inout CodeWriter) {
        writer.documentation(message.doc, marker: "//")
        if !message.annotations.isEmpty {
            writer.line("// \(message.annotations.map(\.text).joined(separator: " "))")
        }
        writer.block("message \(localName(message.name))") { writer in
            for type in schema.packages[package].types {
                let child = schema.types[type.index]
                guard child.name.hasPrefix(message.name + "."),
                    !child.name.dropFirst(message.name.count + 1).contains(".")
                else { continue }
                emit(child, to: &writer)
            }
            emit(message.reserved, enumPrefix: nil, to: &writer)
            var written: Set<Int> = []
            for field in message.fields {
                guard let index = field.oneof else {
                    emit(field, to: &writer)
                    continue
                }
                guard written.insert(index).inserted else { continue }
                let oneof = message.oneofs[index]
                writer.documentation(oneof.doc, marker: "//")
                let rules = oneof.annotations.map(\.text).joined(separator: " ")
                if !rules.isEmpty { writer.line("// \(rules)") }
                writer.block("oneof \(oneof.name)") { writer in
                    for member in message.members(of: index) { emit(member, to: &writer) }
                }
            }
        }
    }

    private func emit(_ field: Field, to writer: inout CodeWriter) {
        writer.documentation(field.doc, marker: "//")
        var options: [String] = []
        if field.deprecated != nil { options.append("deprecated = true") }
        if field.hasCustomJSONName { options.append("json_name = \(Quoted.json(field.jsonName))") }
        let suffix = options.isEmpty ? "" : " [\(options.joined(separator: ", "))]"
        let rules = field.annotations.map(\.text).joined(separator: " ")
        let comment = rules.isEmpty ? "" : "  // \(rules)"
        writer.line("\(type(field)) \(field.name) = \(field.number)\(suffix);\(comment)")
    }

    private func type(_ field: Field) -> String {
        let element = element(field)
        switch field.cardinality {
        case .singular: return element
        case .optional: return field.type.isMessageType ? element : "optional \(element)"
        case .list: return "repeated \(element)"
        case .map(let key, let encoding):
            return "map<\(ProtoType.name(key, encoding)), \(element)>"
        }
    }

    private func element(_ field: Field) -> String {
        switch field.type {
        case .builtin(let builtin):
            let name = ProtoType.name(builtin, field.encoding)
            let own = ProtoEmitter.valueTypesPackage + "."
            guard schema.packages[package].name == ProtoEmitter.valueTypesPackage,
                name.hasPrefix(own)
            else { return name }
            return String(name.dropFirst(own.count))
        case .message(let id), .enumeration(let id):
            return ProtoType.name(id, schema, from: package)
        }
    }

    private func emit(
        _ reserved: [Reserved], enumPrefix: String?, to writer: inout CodeWriter
    ) {
        var numbers: [String] = []
        var names: [String] = []
        for item in reserved {
            switch item {
            case .numbers(let range):
                let isSingle = range.count == 1
                numbers.append(
                    isSingle
                        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
            case .name(let name):
                names.append(
                    Quoted.json(enumPrefix.map { $0 + Spelling.upperSnakeCase(name) } ?? name))
            }
        }
        if !numbers.isEmpty { writer.line("reserved \(numbers.joined(separator: ", "));") }
        if !names.isEmpty { writer.line("reserved \(names.joined(separator: ", "));") }
    }
}

/// Names of types in `.proto`.
enum ProtoType {
    static func name(_ id: TypeID, _ schema: Schema, from package: Int) -> String {
        let type = schema.types[id.index]
        return type.package == package ? type.name : type.fullName
    }

    static func name(_ builtin: Builtin, _ encoding: IntegerEncoding) -> String {
        switch (builtin, encoding) {
        case (.int32, .varint): "sint32"
        case (.int64, .varint): "sint64"
        case (.int32, .fixed): "sfixed32"
        case (.int64, .fixed): "sfixed64"
        case (.uint32, .fixed): "fixed32"
        case (.uint64, .fixed): "fixed64"
        case (.uuid, _): "bytes"
        case (.decimal, _): "assay.types.v1.Decimal"
        case (.money, _): "assay.types.v1.Money"
        case (.date, _): "assay.types.v1.Date"
        case (.timestamp, _): "google.protobuf.Timestamp"
        case (.duration, _): "google.protobuf.Duration"
        default: builtin.rawValue
        }
    }

    /// `CardScheme` → `CARD_SCHEME_`.
    static func enumPrefix(_ name: String) -> String { Spelling.upperSnakeCase(name) + "_" }
}
