internal import FeatureEngine
internal import Yams

/// Entities, events and snapshots.
extension DefinitionParser {
    mutating func entity(_ name: Located<String>, _ node: Node) -> EntityDeclaration? {
        guard var object = YAMLObject(node, "an entity", in: file, &problems) else { return nil }
        let short = text("short", of: &object)
        let key = object.node("key").map { texts($0) } ?? []
        if key.isEmpty { report("\"key\" is missing", at: object.location) }
        let subject = optionalText("subject", of: &object)
        let personal = optionalText("personal", of: &object)
        let consistency: Consistency = choice("consistency", of: &object, absent: .strict)
        object.finish(&problems)
        guard let short, !key.isEmpty else { return nil }
        return EntityDeclaration(
            name: name, short: short, key: key, subject: subject, personal: personal,
            isRelaxed: consistency == .relaxed)
    }

    private enum Consistency: String, CaseIterable {
        case strict, relaxed
    }

    private enum EventClass: String, CaseIterable {
        case event, label
    }

    mutating func event(_ name: Located<String>, _ node: Node) -> EventDeclaration? {
        guard var object = YAMLObject(node, "an event type", in: file, &problems) else {
            return nil
        }
        func located(_ text: String) -> Located<String> { Located(text, at: name.location) }
        let id = optionalText("id", of: &object) ?? located("id")
        let time = optionalText("time", of: &object) ?? located("time")
        let lateness = optionalText("max_late", of: &object) ?? located("7d")
        let kind: EventClass = choice("class", of: &object, absent: .event)
        let references = entries(object.node("refers_to"), "refers_to").compactMap {
            reference($0.key, $0.node)
        }
        let touches = touches(object.node("entities"))
        let fields = entries(object.node("fields"), "fields").compactMap { field($0.key, $0.node) }
        let checks = (object.node("checks")?.sequence.map(Array.init) ?? []).compactMap {
            check($0)
        }
        if let checks = object.node("checks"), checks.sequence == nil {
            report("\"checks\" must be a list", at: checks.location(in: file))
        }
        _ = optionalText("description", of: &object)
        object.finish(&problems)
        return EventDeclaration(
            name: name, id: id, time: time, maximumLateness: lateness, isLabel: kind == .label,
            references: references, touches: touches, fields: fields, checks: checks)
    }

    private mutating func reference(
        _ event: Located<String>, _ node: Node
    ) -> ReferenceDeclaration? {
        guard let field = node.located(in: file) else {
            report("a reference names the field with the other's id", at: node.location(in: file))
            return nil
        }
        return ReferenceDeclaration(event: event, field: field)
    }

    /// `card: card_id`, `pair: [customer_id, mcc]`, `account: {origin: account_id}`.
    private mutating func touches(_ node: Node?) -> [TouchDeclaration] {
        entries(node, "entities").flatMap { entity, node in
            guard node.mapping != nil else {
                return [TouchDeclaration(entity: entity, role: "", fields: texts(node))]
            }
            return entries(node, "the roles of an entity").map { role, node in
                TouchDeclaration(entity: entity, role: role.value, fields: texts(node))
            }
        }
    }

    private mutating func field(_ name: Located<String>, _ node: Node) -> FieldDeclaration? {
        if let type = node.located(in: file) { return FieldDeclaration(name: name, type: type) }
        guard var object = YAMLObject(node, "a field", in: file, &problems) else { return nil }
        let type = text("type", of: &object)
        let length =
            object.node("max") == nil ? nil : integer("max", of: &object, in: 1...1_024)
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
        let personal = optionalText("personal", of: &object)
        let expression = optionalText("expr", of: &object)
        _ = optionalText("description", of: &object)
        object.finish(&problems)
        guard let type else { return nil }
        return FieldDeclaration(
            name: name, type: type, minimum: limits[0], maximum: limits[1], maximumLength: length,
            isRequired: isRequired, personal: personal, expression: expression)
    }

    private mutating func check(_ node: Node) -> CheckDeclaration? {
        guard var object = YAMLObject(node, "a check", in: file, &problems) else { return nil }
        let name = text("name", of: &object)
        let expression = text("require", of: &object)
        let policy: CheckPolicy = choice("policy", of: &object, absent: .flag)
        object.finish(&problems)
        guard let name, let expression else { return nil }
        return CheckDeclaration(name: name, expression: expression, policy: policy)
    }

    mutating func snapshot(_ name: Located<String>, _ node: Node) -> SnapshotDeclaration? {
        guard var object = YAMLObject(node, "a snapshot", in: file, &problems) else { return nil }
        let entity = text("entity", of: &object)
        let age = optionalText("max_age", of: &object)
        let incomplete = optionalText("incomplete", of: &object)
        let touches = touches(object.node("entities"))
        let fields = entries(object.node("fields"), "fields").compactMap { field($0.key, $0.node) }
        _ = optionalText("description", of: &object)
        object.finish(&problems)
        guard let entity else { return nil }
        return SnapshotDeclaration(
            name: name, entity: entity, touches: touches, maximumAge: age, incomplete: incomplete,
            fields: fields)
    }
}
