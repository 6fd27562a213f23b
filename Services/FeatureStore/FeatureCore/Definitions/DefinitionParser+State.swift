internal import FeatureEngine
internal import Yams

/// What entities keep: aggregates, attributes, tables, registers and recent lists.
extension DefinitionParser {
    // MARK: Sources

    /// `payment`, `payment as destination`, `{event: payment, where: …, fields: {…}}`, or a list
    /// of these; `where` beside it holds for all.
    private mutating func sources(_ object: inout YAMLObject) -> [SourceDeclaration] {
        let filter = optionalText("where", of: &object)
        guard let node = object.node("from") else {
            report("\"from\" is missing", at: object.location)
            return []
        }
        let items = node.sequence.map(Array.init) ?? [node]
        if items.isEmpty { report("\"from\" names no event type", at: node.location(in: file)) }
        return items.compactMap { source($0, filter) }
    }

    private mutating func source(_ node: Node, _ shared: Located<String>?) -> SourceDeclaration? {
        if let text = node.located(in: file) {
            guard let (event, role) = split(text) else { return nil }
            return SourceDeclaration(event: event, role: role, filter: shared)
        }
        guard var object = YAMLObject(node, "a source", in: file, &problems) else { return nil }
        let event = text("event", of: &object)
        let own = optionalText("where", of: &object)
        var renamed: [String: Located<String>] = [:]
        for (name, node) in entries(object.node("fields"), "fields") {
            renamed[name.value] = node.located(in: file)
            if node.scalar == nil { report("this must be text", at: node.location(in: file)) }
        }
        object.finish(&problems)
        if let own, shared != nil {
            report("\"where\" is said for all sources already", at: own.location)
        }
        guard let event, let (name, role) = split(event) else { return nil }
        return SourceDeclaration(event: name, role: role, filter: own ?? shared, renamed: renamed)
    }

    /// `payment`, or `payment as destination`.
    private mutating func split(
        _ source: Located<String>
    ) -> (event: Located<String>, role: Located<String>?)? {
        let words = source.value.split(separator: " ").map(String.init)
        if words.count == 1 { return (source, nil) }
        guard words.count == 3, words[1] == "as" else {
            report("a source is an event type, or `type as role`", at: source.location)
            return nil
        }
        return (
            Located(words[0], at: source.location), Located(words[2], at: source.location)
        )
    }

    // MARK: Aggregates

    mutating func aggregate(
        _ name: Located<String>, _ node: Node, of entity: Located<String>
    ) -> AggregateDeclaration? {
        guard var object = YAMLObject(node, "an aggregate", in: file, &problems) else { return nil }
        let sources = sources(&object)
        let operation = operation(&object)
        let windows = windows(&object, isRequired: true)
        let declaration = AggregateDeclaration(
            entity: entity, name: name, sources: sources,
            operation: operation?.0 ?? .aggregate(.count), field: operation?.1, windows: windows,
            names: texts(object.node("names")), hop: optionalText("hop", of: &object),
            lag: optionalText("lag", of: &object), time: optionalText("at", of: &object),
            per: optionalText("per", of: &object), includesSelf: includesSelf(&object),
            isExact: flag("exact", of: &object),
            defaultValue: defaultValue(&object, absent: 0),
            documentation: featureDocumentation(&object, of: name))
        object.finish(&problems)
        return operation == nil || sources.isEmpty ? nil : declaration
    }

    private mutating func windows(
        _ object: inout YAMLObject, isRequired: Bool
    ) -> [Located<String>] {
        let windows = texts(object.node("windows"))
        if windows.isEmpty, isRequired || object.node("windows") != nil {
            report("\"windows\" is missing", at: object.location)
        }
        return windows
    }

    private mutating func operation(
        _ object: inout YAMLObject
    ) -> (AggregateDeclaration.Operation, Located<String>?)? {
        let operations: [(String, AggregateDeclaration.Operation)] =
            Aggregate.allCases.map { ($0.rawValue, .aggregate($0)) }
            + [("count_by", .countBy), ("histogram", .histogram)]
        var found: [(AggregateDeclaration.Operation, Located<String>?)] = []
        for (key, operation) in operations {
            guard let node = object.node(key) else { continue }
            if key == Aggregate.count.rawValue {
                if node.bool != true {
                    report("\"count\" must be true", at: node.location(in: file))
                }
                found.append((operation, nil))
            } else if let field = node.located(in: file) {
                found.append((operation, field))
            } else {
                report("this must name a field", at: node.location(in: file))
            }
        }
        guard found.count == 1 else {
            report(
                "an aggregate has exactly one of "
                    + operations.map(\.0).joined(separator: ", "), at: object.location)
            return nil
        }
        return found[0]
    }

    // MARK: What is stored

    mutating func attribute(
        _ name: Located<String>, _ node: Node, of entity: Located<String>
    ) -> AttributeDeclaration? {
        guard var object = YAMLObject(node, "an attribute", in: file, &problems) else {
            return nil
        }
        let sources = sources(&object)
        let field = text("value", of: &object)
        let sketch = integer("sketch", of: &object, in: 256...1_024, absent: 256) ?? 256
        if sketch != 256, sketch != 1_024 {
            report("a sketch has 256 or 1024 registers", at: object.location)
        }
        let declaration = AttributeDeclaration(
            entity: entity, name: name, sources: sources, field: field ?? name,
            windows: windows(&object, isRequired: false), names: texts(object.node("names")),
            hop: optionalText("hop", of: &object), remember: remember(&object),
            exact: integer("exact", of: &object, in: 1...1_024, absent: 128) ?? 128,
            sketch: sketch, includesSelf: includesSelf(&object),
            documentation: featureDocumentation(&object, of: name))
        object.finish(&problems)
        return field == nil || sources.isEmpty ? nil : declaration
    }

    /// `remember: 400d` or `ever`, which is also what it is if nothing is said.
    private mutating func remember(_ object: inout YAMLObject) -> Located<String>? {
        guard let text = optionalText("remember", of: &object) else { return nil }
        return text.value == "ever" ? nil : text
    }

    /// `[status, expires_at]`, or `{name: field}`.
    private mutating func taken(_ node: Node?) -> [TakenField] {
        guard let node else { return [] }
        guard node.mapping != nil else {
            return texts(node).map { TakenField(name: $0, field: $0) }
        }
        return entries(node, "fields").compactMap { name, node in
            guard let field = node.located(in: file) else {
                report("this must name a field", at: node.location(in: file))
                return nil
            }
            return TakenField(name: name, field: field)
        }
    }

    mutating func table(
        _ name: Located<String>, _ node: Node, of entity: Located<String>
    ) -> TableDeclaration? {
        guard var object = YAMLObject(node, "a table", in: file, &problems) else { return nil }
        let sources = sources(&object)
        let key = text("key", of: &object)
        let rows = integer("rows", of: &object, in: 1...1_024)
        let latest = taken(object.node("latest"))
        let sums = entries(object.node("sums"), "sums").compactMap { sum($0.key, $0.node) }
        let remember = remember(&object)
        let documentation = storedDocumentation(&object)
        object.finish(&problems)
        guard let key, let rows, !sources.isEmpty else { return nil }
        return TableDeclaration(
            entity: entity, name: name, sources: sources, key: key, rows: rows, latest: latest,
            sums: sums, remember: remember, documentation: documentation)
    }

    private mutating func sum(_ name: Located<String>, _ node: Node) -> TableDeclaration.Sum? {
        if let field = node.located(in: file) {
            return TableDeclaration.Sum(name: name, field: field, filter: nil)
        }
        guard var object = YAMLObject(node, "a sum", in: file, &problems) else { return nil }
        let isCount = flag("count", of: &object)
        let field = optionalText("sum", of: &object)
        let filter = optionalText("where", of: &object)
        object.finish(&problems)
        guard isCount != (field != nil) else {
            report("this is either `count: true` or `sum: FIELD`", at: object.location)
            return nil
        }
        return TableDeclaration.Sum(name: name, field: field, filter: filter)
    }

    private enum Keeps: String, CaseIterable {
        case newest, oldest
    }

    mutating func register(
        _ name: Located<String>, _ node: Node, of entity: Located<String>
    ) -> RegisterDeclaration? {
        guard var object = YAMLObject(node, "a register", in: file, &problems) else { return nil }
        let sources = sources(&object)
        let keeps: Keeps = choice("keep", of: &object, absent: .newest)
        let declaration = RegisterDeclaration(
            entity: entity, name: name, sources: sources, latest: taken(object.node("latest")),
            keepsOldest: keeps == .oldest, remember: remember(&object),
            documentation: featureDocumentation(&object, of: name))
        object.finish(&problems)
        if keeps == .oldest, let remember = declaration.remember {
            report("what keeps the oldest event keeps it for ever", at: remember.location)
        }
        return sources.isEmpty ? nil : declaration
    }

    mutating func recent(
        _ name: Located<String>, _ node: Node, of entity: Located<String>
    ) -> RecentDeclaration? {
        guard var object = YAMLObject(node, "a recent list", in: file, &problems) else {
            return nil
        }
        let sources = sources(&object)
        let rows = integer("rows", of: &object, in: 1...256)
        let fields = taken(object.node("fields"))
        let remember = remember(&object)
        let documentation = storedDocumentation(&object)
        object.finish(&problems)
        guard let rows, !sources.isEmpty else { return nil }
        return RecentDeclaration(
            entity: entity, name: name, sources: sources, rows: rows, fields: fields,
            remember: remember, documentation: documentation)
    }

    /// Tables and lists are no features, so they need not say all of it.
    private mutating func storedDocumentation(_ object: inout YAMLObject) -> Documentation {
        var found = inherited
        found.description = optionalText("description", of: &object)?.value ?? found.description
        found.sensitivity = choice("sensitivity", of: &object, absent: found.sensitivity)
        return found
    }
}
