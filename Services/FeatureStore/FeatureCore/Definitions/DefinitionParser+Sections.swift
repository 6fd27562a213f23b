internal import FeatureEngine
internal import Yams

extension DefinitionParser {
    mutating func entity(_ name: Located<String>, _ node: Node) -> EntityDeclaration? {
        guard var object = YAMLObject(node, "an entity", in: file, &problems) else { return nil }
        let short = text("short", of: &object)
        let key = text("key", of: &object)
        // Whose data it is: read by later stages, checked here for its form only.
        if let subject = object.node("subject"), subject.scalar == nil {
            report("\"subject\" must be text", at: subject.location(in: file))
        }
        object.finish(&problems)
        guard let short, let key else { return nil }
        return EntityDeclaration(name: name, short: short, key: key)
    }

    mutating func event(_ name: Located<String>, _ node: Node) -> EventDeclaration? {
        guard var object = YAMLObject(node, "an event type", in: file, &problems) else {
            return nil
        }
        let lateness = text("max_late", of: &object)
        var touches: [TouchDeclaration] = []
        for (entity, node) in entries(object.node("entities"), "entities") {
            if let field = node.located(in: file) {
                touches.append(TouchDeclaration(entity: entity, role: "", field: field))
                continue
            }
            for (role, node) in entries(node, "the roles of an entity") {
                guard let field = node.located(in: file) else {
                    report("a role names a field", at: node.location(in: file))
                    continue
                }
                touches.append(TouchDeclaration(entity: entity, role: role.value, field: field))
            }
        }
        let fields = entries(object.node("fields"), "fields").compactMap { field($0.key, $0.node) }
        object.finish(&problems)
        guard let lateness else { return nil }
        return EventDeclaration(
            name: name, maximumLateness: lateness, touches: touches, fields: fields)
    }

    private mutating func field(_ name: Located<String>, _ node: Node) -> FieldDeclaration? {
        if let type = node.located(in: file) { return FieldDeclaration(name: name, type: type) }
        guard var object = YAMLObject(node, "a field", in: file, &problems) else { return nil }
        let type = text("type", of: &object)
        let length = object.node("max").flatMap { integer($0) }
        var limits: [Int64?] = [nil, nil]
        if let range = object.node("range") {
            let ends = range.sequence.map(Array.init) ?? []
            if ends.count == 2 {
                limits = ends.map { integer($0) }
            } else {
                report("a range is [least, greatest]", at: range.location(in: file))
            }
        }
        let isRequired = flag("required", of: &object)
        object.finish(&problems)
        guard let type else { return nil }
        return FieldDeclaration(
            name: name, type: type, minimum: limits[0], maximum: limits[1],
            maximumLength: length.map { Int(clamping: $0) }, isRequired: isRequired)
    }

    mutating func aggregate(
        _ name: Located<String>, _ node: Node, of entity: Located<String>, described: String
    ) -> AggregateDeclaration? {
        guard var object = YAMLObject(node, "an aggregate", in: file, &problems) else { return nil }
        let source = text("from", of: &object)
        let windows = texts(object.node("windows"))
        if windows.isEmpty { report("\"windows\" is missing", at: object.location) }
        var found: [(Aggregate, Located<String>?)] = []
        for aggregate in Aggregate.allCases {
            guard let node = object.node(aggregate.rawValue) else { continue }
            if aggregate == .count {
                if node.bool != true { report("count: true", at: node.location(in: file)) }
                found.append((.count, nil))
            } else if let field = node.located(in: file) {
                found.append((aggregate, field))
            } else {
                report("this must name a field", at: node.location(in: file))
            }
        }
        let isMissing = defaultIsMissing(&object)
        let description = object.node("description")?.scalar?.string ?? described
        object.finish(&problems)
        guard found.count == 1 else {
            report(
                "an aggregate has exactly one of "
                    + Aggregate.allCases.map(\.rawValue).joined(separator: ", "),
                at: object.location)
            return nil
        }
        guard let source, let (event, role) = split(source) else { return nil }
        return AggregateDeclaration(
            entity: entity, name: name, event: event, role: role, aggregate: found[0].0,
            field: found[0].1, windows: windows, defaultIsMissing: isMissing,
            description: description)
    }

    /// `payment`, or `payment as destination`.
    private mutating func split(_ source: Located<String>) -> (Located<String>, String)? {
        let words = source.value.split(separator: " ").map(String.init)
        if words.count == 1 { return (source, "") }
        guard words.count == 3, words[1] == "as" else {
            report("\"from\" is an event type, or `type as role`", at: source.location)
            return nil
        }
        return (Located(words[0], at: source.location), words[2])
    }

    mutating func derived(
        _ name: Located<String>, _ node: Node, described: String
    ) -> DerivedDeclaration? {
        guard var object = YAMLObject(node, "a derived feature", in: file, &problems) else {
            return nil
        }
        let type = text("type", of: &object)
        let expression = text("expr", of: &object)
        let isMissing = defaultIsMissing(&object)
        let description = object.node("description")?.scalar?.string ?? described
        object.finish(&problems)
        guard let type, let expression else { return nil }
        return DerivedDeclaration(
            name: name, type: type, expression: expression, defaultIsMissing: isMissing,
            description: description)
    }

    mutating func vector(_ name: Located<String>, _ node: Node) -> VectorDeclaration? {
        guard var object = YAMLObject(node, "a vector", in: file, &problems) else { return nil }
        let purpose = text("purpose", of: &object)
        let features = object.node("features")
        object.finish(&problems)
        let parts = name.value.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let version = UInt32(parts[1]), version > 0 else {
            report("a vector is named name@version", at: name.location)
            return nil
        }
        guard let purpose, let sequence = features?.sequence else {
            report("\"features\" must be a list", at: object.location)
            return nil
        }
        return VectorDeclaration(
            name: Located(String(parts[0]), at: name.location), version: version,
            purpose: purpose.value, entries: sequence.compactMap { entry($0) })
    }

    /// `feature`, `{published: feature}`, or `{published: {from: feature, as: major}}`.
    private mutating func entry(_ node: Node) -> VectorEntry? {
        if let name = node.located(in: file) {
            return VectorEntry(published: name, feature: name, isMajor: false)
        }
        guard let (published, value) = entries(node, "a feature of a vector").first else {
            return nil
        }
        if let feature = value.located(in: file) {
            return VectorEntry(published: published, feature: feature, isMajor: false)
        }
        guard var object = YAMLObject(value, "a feature of a vector", in: file, &problems) else {
            return nil
        }
        let source = object.node("from").flatMap { $0.located(in: file) } ?? published
        var isMajor = false
        if let scale = object.node("as") {
            isMajor = scale.scalar?.string == "major"
            if !isMajor { report("as: major", at: scale.location(in: file)) }
        }
        object.finish(&problems)
        return VectorEntry(published: published, feature: source, isMajor: isMajor)
    }
}
