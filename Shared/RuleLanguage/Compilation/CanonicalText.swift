extension ProgramBuilder {
    /// The source as one text that does not change with spaces, comments, parentheses and the names
    /// of facts: two sources with one text compute the same from the same facts.
    ///
    /// - Parameter name: what stands for a fact, by its slot; asked in the order in which the facts
    ///   occur, each time they do.
    public func canonicalText(
        of source: String, naming name: @escaping (Int) -> String
    ) throws(CompilationFailure) -> String {
        let (parsed, checked) = try trees(of: source)
        var text = CanonicalText(parsed: parsed, checked: checked, name: name)
        text.add(parsed.root)
        return text.text
    }
}

/// Writes a tree as it was parsed: the checker only says which names are facts. Parameters keep their
/// names, for their values are tuned.
private struct CanonicalText {
    let parsed: SyntaxTree
    let checked: SyntaxTree
    let name: (Int) -> String
    private(set) var text = ""

    init(parsed: SyntaxTree, checked: SyntaxTree, name: @escaping (Int) -> String) {
        self.parsed = parsed
        self.checked = checked
        self.name = name
    }

    mutating func add(_ id: SyntaxTree.NodeID) {
        if case .fact(let slot) = checked[id].kind {
            text += name(slot)
            return
        }
        switch parsed[id].kind {
        case .literal(let constant): text += Self.text(of: constant)
        case .name(let name): text += name
        case .select(let operand, let field):
            add(operand)
            text += ".\(field)"
        case .call(let function, let target, let arguments):
            if let target {
                add(target)
                text += "."
            }
            add(function, arguments)
        case .has(let operand): add("has", [operand])
        case .list(let entries): add("list", entries)
        case .map(let entries): add("map", entries)
        case .unary(let symbol, let operand): add(symbol.rawValue, [operand])
        case .binary(let symbol, let a, let b): add(symbol.rawValue, [a, b])
        case .index(let operand, let key): add("[]", [operand, key])
        case .conditional(let condition, let then, let otherwise):
            add("?", [condition, then, otherwise])
        case .comprehension(let loop):
            add(
                "\(loop.macro.rawValue) \(loop.variables.joined(separator: " "))",
                [loop.range] + (loop.filter.map { [$0] } ?? []) + [loop.body])
        // The parser makes none of these.
        case .fact, .namedList, .variable, .field, .hasField, .hasKey, .row, .lookup, .function,
            .matches, .label, .failure:
            text += "\(parsed[id].kind)"
        }
    }

    private mutating func add(_ operation: String, _ operands: [SyntaxTree.NodeID]) {
        text += operation + "("
        for (index, operand) in operands.enumerated() {
            if index > 0 { text += "," }
            add(operand)
        }
        text += ")"
    }

    private static func text(of constant: Constant) -> String {
        switch constant {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "d\(value.bitPattern)"
        case .string(let text): "\(text.utf8.count):\(text)"
        case .timestamp, .duration, .category, .place, .list, .map, .record: "\(constant)"
        }
    }
}
