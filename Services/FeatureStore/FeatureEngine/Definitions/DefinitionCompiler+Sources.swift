/// A source whose names are resolved.
struct ResolvedSource {
    let event: Int
    let touch: Int
    let filter: Int?
    let declaration: SourceDeclaration
    /// Event type, role and filter by name: what the source means.
    let meaning: String
}

extension DefinitionCompiler {
    /// Nil, with a problem, if any of them does not exist.
    mutating func resolve(
        _ sources: [SourceDeclaration], entity: Int
    ) -> [ResolvedSource]? {
        guard sources.count <= Self.maximumSources else {
            report(
                "\(sources.count) sources; at most \(Self.maximumSources)",
                at: sources[0].event.location)
            return nil
        }
        let resolved = sources.compactMap { resolve($0, entity: entity) }
        var seen: Set<String> = []
        for source in resolved where !seen.insert(source.meaning).inserted {
            report("this source stands twice", at: source.declaration.event.location)
        }
        return resolved.count == sources.count && !resolved.isEmpty ? resolved : nil
    }

    private mutating func resolve(_ source: SourceDeclaration, entity: Int) -> ResolvedSource? {
        guard let event = events.firstIndex(where: { $0.name == source.event.value }) else {
            unknown("event type", source.event, among: events.map(\.name))
            return nil
        }
        guard let touch = touch(source, event: event, entity: entity) else { return nil }
        let filter = source.filter.flatMap { self.filter($0, event: event) }
        if source.filter != nil, filter == nil { return nil }
        let condition = filter.map { events[event].filters[$0].canonical } ?? ""
        return ResolvedSource(
            event: event, touch: touch, filter: filter, declaration: source,
            meaning: "\(source.event.value) as '\(events[event].touches[touch].role)'"
                + " where '\(condition)'")
    }

    /// The role may be left out where there is one.
    private mutating func touch(
        _ source: SourceDeclaration, event: Int, entity: Int
    ) -> Int? {
        let touches = events[event].touches
        let candidates = touches.indices.filter { touches[$0].entity == entity }
        let name = declaredEntities[entity].name.value
        guard !candidates.isEmpty else {
            report(
                "event type \"\(source.event.value)\" names no \(name)", at: source.event.location)
            return nil
        }
        if let role = source.role {
            if let found = candidates.first(where: { touches[$0].role == role.value }) {
                return found
            }
        } else if candidates.count == 1 {
            return candidates[0]
        }
        let roles = candidates.map { "as \(touches[$0].role)" }.joined(separator: " or ")
        report(
            "event type \"\(source.event.value)\" names \(name) \(roles)",
            at: source.event.location)
        return nil
    }

    /// The position of a filter among those of its event type.
    mutating func filter(_ text: Located<String>, event: Int) -> Int? {
        let canonical = ExpressionText.canonical(text.value)
        if let known = events[event].filters.firstIndex(where: { $0.canonical == canonical }) {
            return known
        }
        guard events[event].filters.count < EventFilters.capacity else {
            report(
                "event type \"\(events[event].name)\" has more than \(EventFilters.capacity)"
                    + " different filters", at: text.location)
            return nil
        }
        events[event].filters.append(FilterDefinition(expression: text, canonical: canonical))
        return events[event].filters.count - 1
    }

    // MARK: Fields of sources

    /// The position of a field in a source's event type: under the name that this source gives it,
    /// or taken over from the one event that it refers to.
    mutating func field(_ name: Located<String>, of source: ResolvedSource) -> Int? {
        let wanted = source.declaration.renamed[name.value] ?? name
        let event = events[source.event]
        if let found = event.position(ofField: wanted.value) { return found }
        let copied = event.references.compactMap {
            event.position(ofField: "\(events[$0.event].name).\(wanted.value)")
        }
        if copied.count == 1 { return copied[0] }
        let hint = hint(wanted.value, among: event.fields.map(\.name))
        report(
            "event type \"\(event.name)\" has no field \"\(wanted.value)\"\(hint)",
            at: wanted.location)
        return nil
    }

    /// The same field of every source, which has one type in all of them.
    mutating func fields(
        _ name: Located<String>, of sources: [ResolvedSource]
    ) -> (positions: [Int], field: FieldDefinition)? {
        let positions = sources.compactMap { self.field(name, of: $0) }
        guard positions.count == sources.count, let first = sources.first else { return nil }
        let common = events[first.event].fields[positions[0]]
        for (source, position) in zip(sources, positions) {
            let other = events[source.event].fields[position]
            guard other.type == common.type, other.enumeration == common.enumeration else {
                report(
                    "\"\(name.value)\" is \(describe(common)) in \(events[first.event].name) and"
                        + " \(describe(other)) in \(events[source.event].name)", at: name.location)
                return nil
            }
        }
        return (positions, common)
    }

    func describe(_ field: FieldDefinition) -> String {
        field.enumeration.map { "category \(enumerations[$0].name)" } ?? field.type.rawValue
    }

    /// What a field's values mean, by name: its name, type and unit.
    func fieldMeaning(_ position: Int, of event: Int) -> String {
        let field = events[event].fields[position]
        var text = "\(field.name):\(describe(field))"
        if field.type == .money { text += " \(currency)" }
        if case .computed(let expression) = field.origin {
            text += " = \(ExpressionText.canonical(expression.value))"
        }
        return text
    }
}
