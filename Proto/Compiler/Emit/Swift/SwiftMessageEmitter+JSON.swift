/// Validation, and JSON both ways.
extension SwiftMessageEmitter {
    // MARK: Validation

    func emitValidate(to writer: inout CodeWriter) {
        var body = CodeWriter()
        for slot in properties {
            switch slot {
            case .field(let field): emitRules(field, to: &body)
            case .oneof(let index, _): emitRules(oneof: index, to: &body)
            }
        }
        let header = "public func validate(_ violations: inout Violations)"
        if body.text.isEmpty { return writer.line(header + " {}") }
        writer.block(header) { writer in
            for slot in properties {
                switch slot {
                case .field(let field): emitRules(field, to: &writer)
                case .oneof(let index, _): emitRules(oneof: index, to: &writer)
                }
            }
        }
    }

    private func rules(_ field: SwiftField) -> SwiftRules {
        SwiftRules(field: field, pattern: patternNames[field.field.number])
    }

    private func emitRules(_ field: SwiftField, to writer: inout CodeWriter) {
        let rules = rules(field)
        if rules.hasExplicitRules {
            let binding = field.property == "value" ? "let value" : "let value = \(field.reference)"
            writer.brace("if \(binding)", rules.explicitStatements())
        } else {
            for statement in rules.statements() { writer.statement(statement) }
        }
    }

    private func emitRules(oneof index: Int, to writer: inout CodeWriter) {
        let statements = members[index].map { ($0, rules($0).explicitStatements()) }
        guard statements.contains(where: { !$0.1.isEmpty }) else { return }
        writer.line("switch \(reference(ofOneof: index)) {")
        for (member, calls) in statements where !calls.isEmpty {
            writer.branch("case .\(member.member)(let value):", calls)
        }
        let isComplete = statements.allSatisfy { !$0.1.isEmpty }
        if !isComplete {
            writer.line("default: break")
        } else if !message.oneofs[index].isRequired {
            writer.line("case nil: break")
        }
        writer.line("}")
    }

    // MARK: JSON

    func emitJSONDecoder(to writer: inout CodeWriter) {
        Self.emitJSONDecoder(to: &writer) { writer in
            for field in message.fields { emitJSONRead(field, to: &writer) }
        }
    }

    /// One case per field, by number; the runtime reads what is around them.
    static func emitJSONDecoder(
        to writer: inout CodeWriter, _ cases: (inout CodeWriter) -> Void
    ) {
        writer.list(
            "public mutating func readJSON(",
            ["_ field: Int", "from reader: inout JSONReader"], ") throws(JSONError) {",
            closesOnOwnLine: true)
        writer.indented { writer in
            writer.line("switch field {")
            cases(&writer)
            writer.line("default: break")
            writer.line("}")
        }
        writer.line("}")
    }

    private func emitJSONRead(_ field: Field, to writer: inout CodeWriter) {
        let swift = SwiftField(field: field, schema: schema, container: message)
        var statement: String
        if let oneof = field.oneof {
            statement = "\(reference(ofOneof: oneof)) = .\(swift.member)"
            statement += "(try reader.value(\(swift.codec).self))"
        } else {
            statement = "\(swift.reference) = try reader."
            switch field.cardinality {
            case .singular, .optional: statement += "value(\(swift.codec).self)"
            case .list: statement += "list(\(swift.codec).self)"
            case .map: statement += "map(\(swift.keyCodec ?? "").self, \(swift.codec).self)"
            }
        }
        writer.branch("case \(field.number):", [statement])
    }

    func emitJSONEncoder(to writer: inout CodeWriter) {
        writer.block("public func writeJSON(to writer: inout JSONWriter)") { writer in
            writer.line("writer.beginObject()")
            for slot in slots { emitJSONWrite(slot, to: &writer) }
            writer.line("writer.endObject()")
        }
    }

    private func emitJSONWrite(_ slot: Slot, to writer: inout CodeWriter) {
        switch slot {
        case .field(let field):
            let name = Quoted.swift(field.field.jsonName)
            let call: String
            switch field.field.cardinality {
            case .singular, .optional: call = "field"
            case .list: call = "list"
            case .map: call = "map"
            }
            let codecs = [field.keyCodec, field.codec].compactMap { $0.map { "\($0).self" } }
            let arguments = [name, field.reference] + codecs + Self.redaction(field)
            writer.statement("writer.\(call)(\(arguments.joined(separator: ", ")))")
        case .oneof(let index, let fields):
            emitSwitch(
                reference(ofOneof: index), fields.map { ($0.member, Self.jsonMember($0)) },
                isOptional: !message.oneofs[index].isRequired,
                isComplete: fields.count == members[index].count, to: &writer)
        }
    }

    /// The statement that writes a member of a oneof or union.
    static func jsonMember(_ field: SwiftField) -> String {
        let name = Quoted.swift(field.field.jsonName)
        let arguments = [name, "value", "\(field.codec).self"] + redaction(field)
        return "writer.field(\(arguments.joined(separator: ", ")))"
    }

    private static func redaction(_ field: SwiftField) -> [String] {
        field.field.pii.map { ["pii: .\($0.rawValue)"] } ?? []
    }
}
