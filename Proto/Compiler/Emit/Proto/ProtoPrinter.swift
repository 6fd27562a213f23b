/// Writes a `.proto` file as text, for clients in other languages.
struct ProtoPrinter {
    let file: ProtoFile
    let scope: ProtoScope

    func output() -> OutputFile {
        var writer = CodeWriter(indentWidth: 2)
        header(to: &writer)
        for type in file.types {
            writer.line()
            emit(type, in: file.package, to: &writer)
        }
        for service in file.services {
            writer.line()
            emit(service, to: &writer)
        }
        return OutputFile(path: file.path, text: writer.text)
    }

    private func header(to writer: inout CodeWriter) {
        writer.line("\(OutputFile.marker). Do not edit: change the schema.")
        writer.line("syntax = \"proto3\";")
        writer.line()
        writer.documentation(file.doc, marker: "//")
        writer.line("package \(file.package);")
        if !file.imports.isEmpty { writer.line() }
        for path in file.imports { writer.line("import \"\(path)\";") }
    }

    /// Doc and rules, above a declaration.
    private func emit(_ comment: ProtoComment, to writer: inout CodeWriter) {
        writer.documentation(comment.doc, marker: "//")
        if !comment.rules.isEmpty { writer.line("// \(comment.rules)") }
    }

    private func reference(to type: String, from scope: String) -> String {
        self.scope.reference(to: type, from: scope, in: file.package)
    }

    // MARK: Types

    private func emit(_ type: ProtoType, in parent: String, to writer: inout CodeWriter) {
        switch type {
        case .message(let message):
            emit(message, name: "\(parent).\(message.name)", to: &writer)
        case .enumeration(let enumeration): emit(enumeration, to: &writer)
        }
    }

    private func emit(_ enumeration: ProtoEnum, to writer: inout CodeWriter) {
        emit(enumeration.comment, to: &writer)
        writer.block("enum \(enumeration.name)") { writer in
            emit(enumeration.reserved, to: &writer)
            for value in enumeration.values {
                writer.documentation(value.doc, marker: "//")
                let option = value.deprecated == nil ? "" : " [deprecated = true]"
                let reason = value.deprecated.map { "  // deprecated: \($0)" } ?? ""
                writer.line("\(value.name) = \(value.number)\(option);\(reason)")
            }
        }
    }

    private func emit(_ message: ProtoMessage, name: String, to writer: inout CodeWriter) {
        emit(message.comment, to: &writer)
        writer.block("message \(message.name)") { writer in
            for type in message.types { emit(type, in: name, to: &writer) }
            emit(message.reserved, to: &writer)
            for member in message.members {
                switch member {
                case .field(let field): emit(field, in: name, to: &writer)
                case .oneof(let oneof):
                    emit(oneof.comment, to: &writer)
                    writer.block("oneof \(oneof.name)") { writer in
                        for field in oneof.fields { emit(field, in: name, to: &writer) }
                    }
                }
            }
        }
    }

    private func emit(_ field: ProtoField, in message: String, to writer: inout CodeWriter) {
        writer.documentation(field.comment.doc, marker: "//")
        var options: [String] = []
        if field.isDeprecated { options.append("deprecated = true") }
        if field.hasCustomJSONName { options.append("json_name = \(Quoted.json(field.jsonName))") }
        let suffix = options.isEmpty ? "" : " [\(options.joined(separator: ", "))]"
        let rules = field.comment.rules.isEmpty ? "" : "  // \(field.comment.rules)"
        let type = type(field, in: message)
        writer.line("\(type) \(field.name) = \(field.number)\(suffix);\(rules)")
    }

    private func type(_ field: ProtoField, in message: String) -> String {
        let value =
            switch field.value {
            case .scalar(let scalar): scalar.name
            case .message(let name), .enumeration(let name):
                reference(to: name, from: message)
            }
        switch field.label {
        case .singular: return value
        case .optional: return "optional \(value)"
        case .repeated: return "repeated \(value)"
        case .map(let key): return "map<\(key.name), \(value)>"
        }
    }

    private func emit(_ reserved: [Reserved], to writer: inout CodeWriter) {
        var numbers: [String] = []
        var names: [String] = []
        for item in reserved {
            switch item {
            case .numbers(let range):
                numbers.append(
                    range.count == 1
                        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
            case .name(let name): names.append(Quoted.json(name))
            }
        }
        if !numbers.isEmpty { writer.line("reserved \(numbers.joined(separator: ", "));") }
        if !names.isEmpty { writer.line("reserved \(names.joined(separator: ", "));") }
    }

    // MARK: Services

    private func emit(_ service: ProtoService, to writer: inout CodeWriter) {
        emit(service.comment, to: &writer)
        let name = "\(file.package).\(service.name)"
        writer.block("service \(service.name)") { writer in
            for method in service.methods {
                emit(method.comment, to: &writer)
                let request = reference(to: method.request, from: name)
                let response = reference(to: method.response, from: name)
                let parameter = (method.streamsRequest ? "stream " : "") + request
                let result = (method.streamsResponse ? "stream " : "") + response
                let header = "rpc \(method.name)(\(parameter)) returns (\(result))"
                switch method.idempotency {
                case .unknown: writer.line(header + ";")
                case .noSideEffects:
                    writer.block(header) { $0.line("option idempotency_level = NO_SIDE_EFFECTS;") }
                case .idempotent:
                    writer.block(header) { $0.line("option idempotency_level = IDEMPOTENT;") }
                }
            }
        }
    }
}
