extension DefinitionCompiler {
    mutating func compileEvents(_ entities: [EntityDeclaration]) -> [EventDefinition] {
        let declarations = files.flatMap(\.events)
        unique(declarations.map(\.name), what: "event type")
        return sortedByName(declarations, \.name.value).compactMap { compile($0, entities) }
    }

    private mutating func compile(
        _ event: EventDeclaration, _ entities: [EntityDeclaration]
    ) -> EventDefinition? {
        unique(event.fields.map(\.name), what: "field")
        var fields = sortedByName(event.fields, \.name.value).compactMap { compile($0) }
        // The keys of its entities are fields without being declared.
        for touch in event.touches where !fields.contains(where: { $0.name == touch.field.value }) {
            fields.append(
                FieldDefinition(
                    name: touch.field.value, type: .string, minimum: nil, maximum: nil,
                    maximumLength: 128, isRequired: false))
        }
        fields.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        guard let lateness = Window.parse(event.maximumLateness.value) else {
            report(
                "max_late \"\(event.maximumLateness.value)\" is not a time such as 7d",
                at: event.maximumLateness.location)
            return nil
        }
        let touches = event.touches.compactMap { compile($0, fields, entities) }
            .sorted { ($0.entity, $0.readOrder) < ($1.entity, $1.readOrder) }
        if touches.count > 16 {
            report("an event touches at most 16 entities", at: event.name.location)
        }
        return EventDefinition(
            name: event.name.value, maximumLateness: lateness.milliseconds, fields: fields,
            touches: touches)
    }

    private mutating func compile(_ field: FieldDeclaration) -> FieldDefinition? {
        guard let type = FieldType(rawValue: field.type.value) else {
            let known = FieldType.allCases.map(\.rawValue)
            report(
                "unknown type \"\(field.type.value)\"; the types are "
                    + known.joined(separator: ", "), at: field.type.location)
            return nil
        }
        if let minimum = field.minimum, let maximum = field.maximum, minimum > maximum {
            report("the range of \"\(field.name.value)\" is empty", at: field.name.location)
        }
        if !type.isInteger, field.minimum != nil || field.maximum != nil {
            report("a field of type \(type.rawValue) has no range", at: field.name.location)
        }
        return FieldDefinition(
            name: field.name.value, type: type, minimum: field.minimum, maximum: field.maximum,
            maximumLength: field.maximumLength, isRequired: field.isRequired)
    }

    private mutating func compile(
        _ touch: TouchDeclaration, _ fields: [FieldDefinition], _ entities: [EntityDeclaration]
    ) -> Touch? {
        guard let entity = entities.firstIndex(where: { $0.name.value == touch.entity.value })
        else {
            let hint = NearestName.hint(touch.entity.value, among: entities.map(\.name.value))
            report("no entity \"\(touch.entity.value)\"\(hint)", at: touch.entity.location)
            return nil
        }
        guard let field = fields.firstIndex(where: { $0.name == touch.field.value }) else {
            return nil
        }
        if fields[field].type != .string {
            report(
                "the key \"\(touch.field.value)\" must be a string", at: touch.field.location)
        }
        return Touch(entity: entity, role: touch.role, field: field)
    }
}

extension Touch {
    /// Where an event names two entities of one type, features read that of the first role: the
    /// only one, or the origin, or else the first by name.
    fileprivate var readOrder: String { role == "origin" ? "" : role }
}
