/// Decoding, measuring and writing: one statement per field, in canonical order.
extension SwiftMessageEmitter {
    /// Not inlined: the runtime's generic calls would each hold a copy of the whole decoder.
    static func emitDecoder(to writer: inout CodeWriter, _ body: (inout CodeWriter) -> Void) {
        writer.line("@inline(never)")
        writer.block(
            "public mutating func read(from reader: inout WireReader) throws(WireError)", body)
    }

    private var requiredMask: String {
        SwiftLiteral.mask(requiredBits.count)
    }

    func reference(ofOneof index: Int) -> String { SwiftName.reference(oneofProperty(index)) }

    // MARK: Reading

    func emitDecoder(to writer: inout CodeWriter) {
        Self.emitDecoder(to: &writer) { writer in
            if !requiredBits.isEmpty { writer.line("var seen: UInt64 = 0") }
            if slots.isEmpty {
                writer.line("repeat {} while try reader.resume(Self.fields, &unknown)")
            } else {
                writer.line("repeat {")
                writer.indented { writer in
                    for slot in slots { emitRead(slot, to: &writer) }
                }
                writer.line("} while try reader.resume(Self.fields, &unknown)")
            }
            if !requiredBits.isEmpty {
                writer.line("try reader.finish(seen, required: \(requiredMask), Self.fields)")
            }
        }
    }

    private func emitRead(_ slot: Slot, to writer: inout CodeWriter) {
        switch slot {
        case .field(let field):
            switch field.field.cardinality {
            case .singular, .optional:
                var statements = ["\(field.reference) = try \(read(field))"]
                if let bit = requiredBits[.field(field.field.number)] {
                    statements.append("seen |= \(SwiftLiteral.bit(bit))")
                }
                writer.brace("if reader.take(\(field.tag))", statements)
            case .list where field.field.isPacked:
                let value = "try reader.packed(\(field.codec).self)"
                writer.brace("if reader.take(\(field.tag))", ["\(field.reference) = \(value)"])
            case .list, .map:
                let codecs = [field.keyCodec, field.codec].compactMap { $0.map { "\($0).self" } }
                let method = field.field.isMap ? "map" : "list"
                let arguments = ([field.tag] + codecs).joined(separator: ", ")
                writer.brace(
                    "if reader.take(\(field.tag))",
                    ["\(field.reference) = try reader.\(method)(\(arguments))"])
            }
        case .oneof(let index, let fields):
            for field in fields { emitMember(field, of: index, to: &writer) }
        }
    }

    private func emitMember(_ field: SwiftField, of index: Int, to writer: inout CodeWriter) {
        var statements: [String] = []
        let property = reference(ofOneof: index)
        let bit = requiredBits[.oneof(index)].map(SwiftLiteral.bit)
        let isFirst = members[index].first?.field.number == field.field.number
        if !isFirst {
            let guardValue = bit.map { "seen & \($0)" } ?? property
            statements.append("try reader.onlyMember(\(guardValue))")
        }
        statements.append("\(property) = .\(field.member)(try \(read(field)))")
        if let bit { statements.append("seen |= \(bit)") }
        writer.brace("if reader.take(\(field.tag))", statements)
    }

    /// The call that reads one value.
    private func read(_ field: SwiftField) -> String {
        if field.field.type.isMessageType { return "reader.\(field.method)()" }
        let isExplicit = field.isOptional || field.field.oneof != nil
        return "reader.\(field.method)(\(isExplicit ? ".explicit" : ".implicit"))"
    }

    // MARK: Writing

    func emitMeasure(to writer: inout CodeWriter) {
        writer.block("public func measure(_ sizes: inout SizeCache) -> Int") { writer in
            writer.line("var size = 0")
            for slot in slots {
                emitCalls(slot, to: &writer) { "size += sizes.\($0)(\($1))" }
            }
            writer.line("size += sizes.unknown(unknown)")
            writer.line("return size")
        }
    }

    func emitWrite(to writer: inout CodeWriter) {
        writer.line(
            "public func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {")
        writer.indented { writer in
            writer.line("let start = writer.mark")
            for slot in slots {
                emitCalls(slot, to: &writer) { call, arguments in
                    let takesSizes = ["message", "packed", "list", "map"].contains(call)
                    return "writer.\(call)(\(arguments)\(takesSizes ? ", &sizes" : ""))"
                }
            }
            writer.line("writer.unknown(unknown, since: start)")
        }
        writer.line("}")
    }

    private func emitCalls(
        _ slot: Slot, to writer: inout CodeWriter, _ call: (String, String) -> String
    ) {
        switch slot {
        case .field(let field):
            let value = "\(field.tag), \(field.reference)"
            switch field.field.cardinality {
            case .singular, .optional:
                writer.statement(call(field.method, value))
            case .list:
                let method = field.field.isPacked ? "packed" : "list"
                writer.statement(call(method, "\(value), \(field.codec).self"))
            case .map:
                let codecs = "\(field.keyCodec ?? "").self, \(field.codec).self"
                writer.statement(call("map", "\(value), \(codecs)"))
            }
        case .oneof(let index, let fields):
            let statements = fields.map { field in
                (field.member, call(field.method, Self.memberArguments(field)))
            }
            emitSwitch(
                reference(ofOneof: index), statements,
                isOptional: !message.oneofs[index].isRequired,
                isComplete: fields.count == members[index].count, to: &writer)
        }
    }

    /// Tag, value and presence of a member of a oneof or union.
    static func memberArguments(_ field: SwiftField) -> String {
        "\(field.tag), value" + (field.field.type.isMessageType ? "" : ", .explicit")
    }

    /// A switch over a oneof, one statement per member; `if case` where others come in between.
    func emitSwitch(
        _ subject: String, _ statements: [(member: String, statement: String)], isOptional: Bool,
        isComplete: Bool, to writer: inout CodeWriter
    ) {
        if !isComplete {
            for entry in statements {
                writer.brace(
                    "if case .\(entry.member)(let value) = \(subject)", [entry.statement])
            }
            return
        }
        writer.line("switch \(subject) {")
        for entry in statements {
            writer.branch("case .\(entry.member)(let value):", [entry.statement])
        }
        if isOptional { writer.line("case nil: break") }
        writer.line("}")
    }
}

extension SwiftLiteral {
    /// A mask of the lowest bits: 3 → `0x7`.
    static func mask(_ count: Int) -> String {
        let value = count >= 64 ? UInt64.max : (UInt64(1) << UInt64(count)) - 1
        return "0x" + String(value, radix: 16, uppercase: true)
    }

    static func bit(_ index: Int) -> String {
        "0x" + String(UInt64(1) << UInt64(min(index, 63)), radix: 16, uppercase: true)
    }
}
