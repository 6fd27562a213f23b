/// Writes a union: an enum with one case per member, and one for members that the schema does not
/// know.
struct SwiftUnionEmitter {
    let message: Message
    let schema: Schema
    let depth: Int
    private let name: String
    private let members: [SwiftField]

    init(_ message: Message, schema: Schema, depth: Int) {
        self.message = message
        self.schema = schema
        self.depth = depth
        name = message.name
        members = message.fields.map {
            SwiftField(field: $0, schema: schema, container: message)
        }
    }

    func emit(to writer: inout CodeWriter) {
        writer.documentation(message.doc)
        writer.block("public enum \(name): WireMessage") { writer in
            emitCases(to: &writer)
            writer.line()
            SwiftFieldTable(message: message, schema: schema, depth: depth).emit(to: &writer)
            SwiftPatterns.emit(message.fields, to: &writer)
            writer.line()
            emitDecoder(to: &writer)
            writer.line()
            emitMeasureAndWrite(to: &writer)
            writer.line()
            emitValidate(to: &writer)
            writer.line()
            emitJSON(to: &writer)
            writer.line()
            SwiftEquality.emitEnum(name, members, hasUnrecognized: true, to: &writer)
        }
    }

    private func emitCases(to writer: inout CodeWriter) {
        for member in members {
            writer.documentation(member.field.doc)
            if let reason = member.field.deprecated { writer.line("/// Deprecated: \(reason).") }
            writer.line("case \(member.member)(\(member.elementType))")
        }
        writer.line("case unrecognized(UnknownFields)")
        writer.line()
        writer.line("public static func blank() -> \(name) { .unrecognized(.empty) }")
        writer.line()
        writer.block("public var unknown: UnknownFields?") { writer in
            writer.line("get { if case .unrecognized(let fields) = self { fields } else { nil } }")
            writer.line("set { if let newValue { self = .unrecognized(newValue) } }")
        }
    }

    private func emitDecoder(to writer: inout CodeWriter) {
        SwiftMessageEmitter.emitDecoder(to: &writer) { writer in
            for (index, member) in members.enumerated() {
                let presence = member.field.type.isMessageType ? "" : ".explicit"
                let opening = index == 0 ? "if" : "} else if"
                writer.line("\(opening) reader.take(\(member.tag)) {")
                writer.indented { writer in
                    let value = "reader.\(member.method)(\(presence))"
                    writer.line("self = .\(member.member)(try \(value))")
                }
            }
            writer.line("} else {")
            writer.indented { writer in
                writer.line("self = .unrecognized(try reader.unrecognized(Self.fields))")
            }
            writer.line("}")
            writer.line("try reader.finishUnion(Self.fields)")
        }
    }

    private func emitMeasureAndWrite(to writer: inout CodeWriter) {
        writer.block("public func measure(_ sizes: inout SizeCache) -> Int") { writer in
            emitSwitch(last: "case .unrecognized(let fields): sizes.unknown(fields)", to: &writer) {
                "sizes.\($0.method)(\(SwiftMessageEmitter.memberArguments($0)))"
            }
        }
        writer.line()
        writer.block(
            "public func write(to writer: inout WireWriter, _ sizes: inout SizeCache)"
        ) { writer in
            let last = "case .unrecognized(let fields): writer.unknown(fields, since: writer.mark)"
            emitSwitch(last: last, to: &writer) { member in
                let isMessage = member.method == "message"
                let arguments = SwiftMessageEmitter.memberArguments(member)
                return "writer.\(member.method)(\(arguments)\(isMessage ? ", &sizes" : ""))"
            }
        }
    }

    private func emitSwitch(
        last: String, to writer: inout CodeWriter, _ statement: (SwiftField) -> String
    ) {
        writer.line("switch self {")
        for member in members {
            writer.branch("case .\(member.member)(let value):", [statement(member)])
        }
        writer.line(last)
        writer.line("}")
    }

    private func emitValidate(to writer: inout CodeWriter) {
        let patterns = SwiftPatterns.names(message.fields)
        let statements = members.map { member in
            let rules = SwiftRules(field: member, pattern: patterns[member.field.number])
            return (member, rules.explicitStatements())
        }.filter { !$0.1.isEmpty }
        let header = "public func validate(_ violations: inout Violations)"
        if statements.isEmpty { return writer.line(header + " {}") }
        writer.block(header) { writer in
            writer.line("switch self {")
            for (member, calls) in statements {
                writer.branch("case .\(member.member)(let value):", calls)
            }
            writer.line("default: break")
            writer.line("}")
        }
    }

    private func emitJSON(to writer: inout CodeWriter) {
        SwiftMessageEmitter.emitJSONDecoder(to: &writer) { writer in
            for member in members {
                let value = "try reader.value(\(member.codec).self)"
                writer.branch(
                    "case \(member.field.number):", ["self = .\(member.member)(\(value))"])
            }
        }
        writer.line()
        writer.block("public func writeJSON(to writer: inout JSONWriter)") { writer in
            writer.line("writer.beginObject()")
            emitSwitch(last: "case .unrecognized: break", to: &writer) {
                SwiftMessageEmitter.jsonMember($0)
            }
            writer.line("writer.endObject()")
        }
    }
}
