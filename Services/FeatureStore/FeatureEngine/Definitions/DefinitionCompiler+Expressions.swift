internal import RuleLanguage

/// Filters, checks and computed fields of events.
extension DefinitionCompiler {
    var constants: ExpressionConstants {
        ExpressionConstants(parameters: reference.parameters, lists: reference.lists)
    }

    /// Of each event type.
    mutating func compileExpressions() -> [EventExpressions] {
        events.indices.compactMap { compileExpressions(of: $0) }
    }

    private mutating func compileExpressions(of index: Int) -> EventExpressions? {
        let event = events[index]
        var builder = EventExpressionsBuilder(scope(of: index), constants: constants)
        for (position, field) in event.fields.enumerated() {
            guard case .computed(let text) = field.origin else { continue }
            compile(text) { () throws(CompilationFailure) in
                try builder.setValue(ofField: position, text.value)
            }
        }
        for filter in event.filters {
            compile(filter.expression) { () throws(CompilationFailure) in
                // One text is one filter, and the positions are those of the definitions.
                _ = try builder.addFilter(filter.expression.value)
            }
        }
        for check in event.checks {
            compile(check.expression) { () throws(CompilationFailure) in
                _ = try builder.addCheck(check.expression.value)
            }
        }
        do {
            return try builder.build()
        } catch {
            let computed = event.fields.lazy.compactMap { field -> Located<String>? in
                if case .computed(let text) = field.origin { text } else { nil }
            }
            if let first = computed.first { report(error, in: first) }
            return nil
        }
    }

    private mutating func compile(
        _ text: Located<String>, _ body: () throws(CompilationFailure) -> Void
    ) {
        do {
            try body()
        } catch {
            report(error, in: text)
        }
    }

    private mutating func report(_ failure: CompilationFailure, in text: Located<String>) {
        for diagnostic in failure.diagnostics {
            report(diagnostic.message, at: text.place(of: diagnostic))
        }
    }

    /// An event type as expressions see it.
    func scope(of index: Int) -> EventScope {
        let event = events[index]
        return EventScope(
            name: event.name,
            fields: event.fields.map {
                FactDeclaration(
                    name: $0.name, type: type(of: $0.type, $0.enumeration, isKept: false),
                    unit: $0.type == .money ? .money : nil)
            },
            aliases: aliases(of: event),
            meanings: event.fields.indices.map { fieldMeaning($0, of: index) })
    }

    /// `id` and `time`, and what is taken over from other events without their names, where that
    /// means one thing.
    private func aliases(of event: EventDefinition) -> [String: Int] {
        var found: [String: [Int]] = ["id": [event.identifier]]
        for (position, field) in event.fields.enumerated() {
            guard case .copied = field.origin, let dot = field.name.firstIndex(of: ".") else {
                continue
            }
            found[String(field.name[field.name.index(after: dot)...]), default: []].append(position)
        }
        let own = Set(event.fields.map(\.name))
        return found.filter { $0.value.count == 1 && !own.contains($0.key) && $0.key != "time" }
            .mapValues { $0[0] }
    }

    /// The type of a field as expressions see it. Of a text, states keep the hash.
    func type(of field: FieldType, _ enumeration: Int?, isKept: Bool) -> ValueType {
        switch field {
        case .string: isKept ? .token : .string
        case .int, .money: .int
        case .double: .double
        case .bool: .bool
        case .timestamp, .date: .timestamp
        case .place: .place
        case .category:
            enumeration.map {
                .category(Category(name: enumerations[$0].name, labels: enumerations[$0].labels))
            } ?? .int
        }
    }
}
