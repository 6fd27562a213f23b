/// The static table of a message's fields.
struct SwiftFieldTable {
    let message: Message
    let schema: Schema
    let depth: Int

    func emit(to writer: inout CodeWriter) {
        let oneofs = message.oneofs.map { oneof in
            let required = oneof.isRequired ? ", required: true" : ""
            return "Oneof(\(Quoted.swift(oneof.name))\(required))"
        }
        let end = oneofs.isEmpty ? ")" : ","
        // A recursive type names itself in its own table, so its type cannot be inferred.
        let type = message.recursionLimit == nil ? "" : ": FieldTable"
        writer.line("public static let fields\(type) = FieldTable(")
        writer.indented { writer in
            let union = message.isUnion ? ", isUnion: true" : ""
            let head = "\(Quoted.swift(message.fullName)), depth: \(depth)\(union),"
            let fields = message.fields.map(parts)
            if fields.isEmpty { return writer.line(head + " [])") }
            writer.line(head)
            if fields.count == 1, writer.fits("[\(entry(fields[0]))]\(end)") {
                writer.line("[\(entry(fields[0]))]\(end)")
            } else {
                writer.line("[")
                writer.indented { writer in
                    for field in fields { writer.list("Field(", field, "),") }
                }
                writer.line("]" + end)
            }
            if !oneofs.isEmpty { writer.line("oneofs: [\(oneofs.joined(separator: ", "))])") }
        }
    }

    private func entry(_ parts: [String]) -> String {
        "Field(\(parts.joined(separator: ", ")))"
    }

    private func parts(_ field: Field) -> [String] {
        let swift = SwiftField(field: field, schema: schema, container: message)
        var parts = ["\(field.number)", Quoted.swift(field.name)]
        if field.jsonName != field.name { parts.append("json: \(Quoted.swift(field.jsonName))") }
        parts.append(swift.kind)
        if let shape = swift.shape { parts.append(shape) }
        if let pii = field.pii { parts.append("pii: .\(pii.rawValue)") }
        return parts
    }
}

/// The compiled patterns of a message's fields.
enum SwiftPatterns {
    static func names(_ fields: [Field]) -> [Int: String] {
        let numbers = fields.filter { $0.rules.pattern != nil }.map(\.number)
        return Dictionary(
            uniqueKeysWithValues: numbers.enumerated().map { ($1, "pattern\($0 + 1)") })
    }

    static func emit(_ fields: [Field], to writer: inout CodeWriter) {
        let names = names(fields)
        if !names.isEmpty { writer.line() }
        for field in fields {
            guard let name = names[field.number], let pattern = field.rules.pattern else {
                continue
            }
            writer.statement("private static let \(name) = Pattern(\(Quoted.swift(pattern)))")
        }
    }
}

/// Equality and hashing by canonical bytes: never synthesized, because Swift compares strings and
/// floats otherwise (wire.md §8).
enum SwiftEquality {
    static func emitStruct(_ type: String, _ properties: [String], to writer: inout CodeWriter) {
        emitOperator(type, to: &writer) { writer in
            let terms = properties.map { "Canonical.equal(a.\($0), b.\($0))" }
            writer.line(terms[0])
            writer.indented { writer in
                for term in terms.dropFirst() { writer.line("&& \(term)") }
            }
        }
        writer.line()
        writer.block("public func hash(into hasher: inout Hasher)") { writer in
            for property in properties {
                writer.line("Canonical.hash(\(SwiftName.reference(property)), into: &hasher)")
            }
        }
    }

    /// `==` with its head folded as the formatter does.
    private static func emitOperator(
        _ type: String, to writer: inout CodeWriter, _ body: (inout CodeWriter) -> Void
    ) {
        let parameters = "a: \(type), b: \(type)"
        let head = "public static func == (\(parameters))"
        if writer.fits("\(head) -> Bool {") {
            writer.line("\(head) -> Bool {")
        } else if writer.fits("\(head) -> Bool") {
            writer.lines(["\(head) -> Bool", "{"])
        } else if writer.fits(head) {
            writer.line(head)
            writer.indented { $0.line("-> Bool") }
            writer.line("{")
        } else {
            writer.line("public static func == (")
            writer.indented { $0.line(parameters) }
            writer.line(") -> Bool {")
        }
        writer.indented(body)
        writer.line("}")
    }

    static func emitEnum(
        _ type: String, _ members: [SwiftField], hasUnrecognized: Bool, to writer: inout CodeWriter
    ) {
        var cases = members.map { (name: $0.member, number: $0.field.number) }
        if hasUnrecognized { cases.append(("unrecognized", 0)) }
        emitOperator(type, to: &writer) { writer in
            writer.line("switch (a, b) {")
            for entry in cases {
                writer.line(
                    "case (.\(entry.name)(let a), .\(entry.name)(let b)): Canonical.equal(a, b)")
            }
            if cases.count > 1 { writer.line("default: false") }
            writer.line("}")
        }
        writer.line()
        writer.block("public func hash(into hasher: inout Hasher)") { writer in
            writer.line("switch self {")
            for entry in cases {
                let name = entry.number == 0 ? "fields" : "value"
                writer.line("case .\(entry.name)(let \(name)):")
                writer.indented { writer in
                    writer.line("hasher.combine(\(entry.number))")
                    writer.line("Canonical.hash(\(name), into: &hasher)")
                }
            }
            writer.line("}")
        }
    }
}
