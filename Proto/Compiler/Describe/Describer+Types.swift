/// Messages, unions and enums.
extension Describer {
    func text(_ message: Message, _ id: TypeID) -> String {
        let kind = message.isUnion ? "union" : "message"
        var text = head(kind, message.fullName, message.doc)
        var facts = TextTable([.left, .left])
        facts.row("declared", place(message.location))
        facts.row("in Swift", swiftName(message.name, package: message.package))
        facts.row("size", size(id))
        if message.isSealable { facts.row("records", "may be sealed (@sealable)") }
        facts.row("wire", SchemaFingerprint(of: WireText.text(of: id, in: schema)).hex)
        facts.row("API", SchemaFingerprint(of: CanonicalText.text(of: id, in: schema)).hex)
        addReserved(message.reserved, to: &facts)
        facts.row("next number", nextNumber(message))
        addUsers(of: id, to: &facts)
        text += facts.text
        return text + (message.fields.isEmpty ? "" : "\n" + fields(message))
    }

    func text(_ enumeration: Enumeration, _ id: TypeID) -> String {
        var facts = TextTable([.left, .left])
        facts.row("declared", place(enumeration.location))
        facts.row("in Swift", swiftName(enumeration.name, package: enumeration.package))
        facts.row("wire", SchemaFingerprint(of: WireText.text(of: id, in: schema)).hex)
        facts.row("API", SchemaFingerprint(of: CanonicalText.text(of: id, in: schema)).hex)
        addReserved(enumeration.reserved, to: &facts)
        addUsers(of: id, to: &facts)
        var values = TextTable([.right, .left, .left, .left])
        values.row("number", "value", "in JSON", "")
        for value in enumeration.values {
            values.row(
                "\(value.number)", value.name,
                "\"\(schema.jsonName(of: value, in: enumeration))\"",
                trailing(value.annotations, value.doc))
        }
        return head("enum", enumeration.fullName, enumeration.doc) + facts.text + "\n"
            + values.text
    }

    // MARK: Parts

    private func fields(_ message: Message) -> String {
        var table = TextTable([.right, .left, .left, .right, .left])
        table.row("number", "field", "type", "bytes", "")
        var named: Set<Int> = []
        for field in message.fields {
            if let oneof = field.oneof, !message.isUnion, named.insert(oneof).inserted {
                let rules = message.oneofs[oneof].annotations
                table.row(
                    "", "oneof \(message.oneofs[oneof].name)", "", "",
                    trailing(rules, message.oneofs[oneof].doc))
            }
            let isMember = field.oneof != nil && !message.isUnion
            table.row(
                "\(field.number)", (isMember ? "  " : "") + field.name, type(field),
                bounds.fieldBytes(field).map { "\($0)" } ?? "no bound",
                trailing(field.annotations, field.doc))
        }
        return table.text
    }

    /// The type, with the scalar that it was given by.
    private func type(_ field: Field) -> String {
        let text = schema.typeText(field)
        return field.scalarName.map { "\(text) (\($0))" } ?? text
    }

    /// Annotations, and the first line of the documentation.
    private func trailing(_ annotations: [Annotation], _ doc: [String]) -> String {
        let rules = annotations.map(\.text).joined(separator: " ")
        guard let first = doc.first else { return rules }
        return rules.isEmpty ? "/// \(first)" : "\(rules)  /// \(first)"
    }

    private func addReserved(_ reserved: [Reserved], to facts: inout TextTable) {
        guard !reserved.isEmpty else { return }
        facts.row("reserved", reserved.map(\.text).joined(separator: ", "))
    }

    private func addUsers(of id: TypeID, to facts: inout TextTable) {
        for (index, name) in users(of: id).enumerated() {
            facts.row(index == 0 ? "used by" : "", name)
        }
    }

    private func nextNumber(_ message: Message) -> String {
        let used = Set(message.fields.map(\.number))
        let ranges = message.reserved.compactMap { entry in
            if case .numbers(let range) = entry { range } else { nil }
        }
        let free = Resolver.fieldNumbers.first { number in
            !used.contains(number) && !ranges.contains { $0.contains(number) }
        }
        return free.map(String.init) ?? "none is left"
    }
}

extension Reserved {
    /// As the language writes it.
    var text: String {
        switch self {
        case .name(let name): Quoted.json(name)
        case .numbers(let range):
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)...\(range.upperBound)"
        }
    }
}
