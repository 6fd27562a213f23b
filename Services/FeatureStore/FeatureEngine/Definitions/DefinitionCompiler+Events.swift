/// Event types and snapshots.
extension DefinitionCompiler {
    /// Of an event type: what a reply and a row of the log have room for.
    static let maximumTouches = 32
    static let maximumFields = 512

    mutating func compileEvents() {
        let declarations =
            files.flatMap(\.events) + files.flatMap(\.snapshots).map { event(of: $0) }
        unique(declarations.map(\.name), what: "event type")
        let sorted = sortedByName(declarations, \.name.value)
        let types = sorted.map(\.name.value)
        // What a reference takes over is known once the fields of all types are.
        let own = sorted.map { ownFields($0) }
        let kinds = Set(files.flatMap(\.snapshots).map(\.name.value))
        events = sorted.indices.map { index in
            compile(
                sorted[index], own, types, position: index,
                kind: kinds.contains(types[index])
                    ? .snapshot : sorted[index].isLabel ? .label : .event, sorted)
        }
    }

    /// A snapshot is an event that touches its entity, whose key is a field of it.
    private func event(of snapshot: SnapshotDeclaration) -> EventDeclaration {
        let entity = files.flatMap(\.entities).first { $0.name.value == snapshot.entity.value }
        let key = entity?.key ?? []
        func located(_ text: String) -> Located<String> {
            Located(text, at: snapshot.name.location)
        }
        return EventDeclaration(
            name: snapshot.name, id: located("id"), time: located("time"),
            maximumLateness: located("3650d"),
            touches: [TouchDeclaration(entity: snapshot.entity, role: "", fields: key)]
                + snapshot.touches, fields: snapshot.fields)
    }

    // MARK: Fields

    /// A field as it is declared, or as it comes by itself; positions are not known yet.
    private struct OwnField {
        enum Origin {
            case given, identifier, time
            case currency(of: String)
            case original(of: String)
            case computed(Located<String>)
        }

        let name: String
        let type: FieldType
        var enumeration: Int?
        var minimum: Int64?
        var maximum: Int64?
        var maximumLength: Int?
        var isRequired = false
        var personal: String?
        let origin: Origin
    }

    private mutating func ownFields(_ event: EventDeclaration) -> [OwnField] {
        unique(event.fields.map(\.name) + [event.id, event.time], what: "field")
        var fields: [OwnField] = []
        var names: Set<String> = []
        func add(_ field: OwnField) {
            fields.append(field)
            names.insert(field.name)
        }
        for declared in sortedByName(event.fields, \.name.value) {
            if let field = field(declared) { add(field) }
        }
        add(
            OwnField(
                name: event.id.value, type: .string, maximumLength: 128, isRequired: true,
                origin: .identifier))
        add(OwnField(name: event.time.value, type: .timestamp, isRequired: true, origin: .time))
        // Keys and the ids of references are fields without being declared.
        let implied = event.touches.flatMap(\.fields) + event.references.map(\.field)
        for name in implied where !names.contains(name.value) && !isCopied(name.value) {
            unique([name], what: "field")
            add(OwnField(name: name.value, type: .string, maximumLength: 128, origin: .given))
        }
        for field in fields where field.type == .money {
            guard case .given = field.origin else { continue }
            let (code, original) = ("\(field.name)_currency", "\(field.name)_original")
            if !names.contains(code) {
                add(
                    OwnField(
                        name: code, type: .string, maximumLength: 3,
                        origin: .currency(of: field.name)))
            }
            if !names.contains(original) {
                add(OwnField(name: original, type: .int, origin: .original(of: field.name)))
            }
        }
        return fields
    }

    private func isCopied(_ name: String) -> Bool { name.contains(".") }

    private mutating func field(_ field: FieldDeclaration) -> OwnField? {
        let enumeration = enumerations.firstIndex { $0.name == field.type.value }
        let named = FieldType(rawValue: field.type.value)
        guard let type = enumeration == nil ? named : .category,
            type != .category || enumeration != nil
        else {
            let known =
                FieldType.allCases.filter { $0 != .category }.map(\.rawValue)
                + enumerations.map(\.name)
            report(
                "unknown type \"\(field.type.value)\"; the types are "
                    + known.joined(separator: ", "), at: field.type.location)
            return nil
        }
        if let minimum = field.minimum, let maximum = field.maximum, minimum > maximum {
            report("the range of \"\(field.name.value)\" is empty", at: field.name.location)
        }
        if type != .int, type != .money, field.minimum != nil || field.maximum != nil {
            report("a field of type \(field.type.value) has no range", at: field.name.location)
        }
        if type != .string, field.maximumLength != nil {
            report("a field of type \(field.type.value) has no length", at: field.name.location)
        }
        return OwnField(
            name: field.name.value, type: type, enumeration: enumeration, minimum: field.minimum,
            maximum: field.maximum, maximumLength: field.maximumLength,
            isRequired: field.isRequired, personal: field.personal?.value,
            origin: field.expression.map { .computed($0) } ?? .given)
    }

    // MARK: Putting together

    private mutating func compile(
        _ event: EventDeclaration, _ own: [[OwnField]], _ types: [String], position: Int,
        kind: EventDefinition.Kind, _ declarations: [EventDeclaration]
    ) -> EventDefinition {
        let references = event.references.compactMap { reference -> (ReferenceDeclaration, Int)? in
            guard let other = types.firstIndex(of: reference.event.value) else {
                unknown("event type", reference.event, among: types)
                return nil
            }
            return (reference, other)
        }
        var names = own[position].map(\.name)
        for (reference, other) in references {
            names += own[other].map { "\(reference.event.value).\($0.name)" }
        }
        names = Self.sorted(names)
        var positions: [String: Int] = [:]
        for (index, name) in names.enumerated() { positions[name] = index }
        if names.count > Self.maximumFields {
            report(
                "event type \"\(event.name.value)\" has \(names.count) fields; at most"
                    + " \(Self.maximumFields)", at: event.name.location)
        }
        var fields = [FieldDefinition?](repeating: nil, count: names.count)
        for field in own[position] {
            if let index = positions[field.name] { fields[index] = definition(field, positions) }
        }
        var compiled: [EventReference] = []
        for (index, (reference, other)) in references.enumerated() {
            var copies: [EventReference.Copy] = []
            let sorted = fieldPositions(own[other], declarations[other], own, types)
            for field in own[other] {
                guard let to = positions["\(reference.event.value).\(field.name)"],
                    let from = sorted[field.name]
                else { continue }
                fields[to] = copied(field, as: names[to], reference: index, from: from)
                copies.append(EventReference.Copy(from: from, to: to))
            }
            compiled.append(
                EventReference(
                    event: other, field: positions[reference.field.value] ?? 0,
                    copies: copies.sorted { $0.to < $1.to }))
        }
        let complete = fields.compactMap { $0 }
        let touches = touches(of: event, references, declarations, complete, positions)
        unique(event.checks.map(\.name), what: "check")
        return EventDefinition(
            name: event.name.value, kind: kind,
            maximumLateness: span(event.maximumLateness, of: "max_late") ?? 0, fields: complete,
            touches: touches, references: compiled,
            checks: event.checks.map {
                CheckDefinition(
                    name: $0.name.value, expression: $0.expression, policy: $0.policy)
            })
    }

    /// The positions of another type's fields, by their names.
    private func fieldPositions(
        _ fields: [OwnField], _ event: EventDeclaration, _ own: [[OwnField]], _ types: [String]
    ) -> [String: Int] {
        var names = fields.map(\.name)
        for reference in event.references {
            guard let other = types.firstIndex(of: reference.event.value) else { continue }
            names += own[other].map { "\(reference.event.value).\($0.name)" }
        }
        return Dictionary(
            uniqueKeysWithValues: Self.sorted(names).enumerated().map { ($0.element, $0.offset) })
    }

    /// Each once: a second field of a name is reported, and left out.
    private static func sorted(_ names: [String]) -> [String] {
        Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func definition(_ field: OwnField, _ positions: [String: Int]) -> FieldDefinition {
        let origin: FieldDefinition.Origin =
            switch field.origin {
            case .given: .given
            case .identifier: .identifier
            case .time: .time
            case .currency(let money): .currency(of: positions[money] ?? 0)
            case .original(let money): .original(of: positions[money] ?? 0)
            case .computed(let expression): .computed(expression)
            }
        return FieldDefinition(
            name: field.name, type: field.type, enumeration: field.enumeration,
            minimum: field.minimum, maximum: field.maximum, maximumLength: field.maximumLength,
            isRequired: field.isRequired, personal: field.personal, origin: origin)
    }

    private func copied(
        _ field: OwnField, as name: String, reference: Int, from: Int
    ) -> FieldDefinition {
        FieldDefinition(
            name: name, type: field.type, enumeration: field.enumeration, minimum: nil,
            maximum: nil, maximumLength: nil, isRequired: false, personal: field.personal,
            origin: .copied(reference: reference, field: from))
    }

    // MARK: Touches

    /// Its own, and those of the events it refers to where it does not name the entity itself.
    private mutating func touches(
        of event: EventDeclaration, _ references: [(ReferenceDeclaration, Int)],
        _ declarations: [EventDeclaration], _ fields: [FieldDefinition], _ positions: [String: Int]
    ) -> [Touch] {
        var touches = event.touches.compactMap { touch($0, prefix: "", fields, positions) }
        for (reference, other) in references {
            let own = Set(touches.map(\.entity))
            // A problem of the other's touches is reported there.
            let known = problems
            let inherited = declarations[other].touches.compactMap {
                touch($0, prefix: "\(reference.event.value).", fields, positions)
            }
            problems = known
            touches += inherited.filter { !own.contains($0.entity) }
        }
        touches.sort { ($0.entity, $0.readOrder) < ($1.entity, $1.readOrder) }
        for (a, b) in zip(touches, touches.dropFirst())
        where a.entity == b.entity && a.role == b.role {
            let name = declaredEntities[a.entity].name.value
            report("\(name) stands twice in one role", at: event.name.location)
        }
        if touches.count > Self.maximumTouches {
            report(
                "an event type touches at most \(Self.maximumTouches) entities",
                at: event.name.location)
        }
        return Array(touches.prefix(Self.maximumTouches))
    }

    private mutating func touch(
        _ touch: TouchDeclaration, prefix: String, _ fields: [FieldDefinition],
        _ positions: [String: Int]
    ) -> Touch? {
        guard
            let entity = declaredEntities.firstIndex(where: { $0.name.value == touch.entity.value })
        else {
            unknown("entity", touch.entity, among: declaredEntities.map(\.name.value))
            return nil
        }
        let parts = declaredEntities[entity].key.count
        guard touch.fields.count == parts else {
            report(
                "the key of \(touch.entity.value) has \(parts) part\(parts == 1 ? "" : "s"), found"
                    + " \(touch.fields.count)", at: touch.entity.location)
            return nil
        }
        let key = touch.fields.compactMap { name -> Int? in
            guard let field = positions[prefix + name.value], field < fields.count else {
                unknown("field", name, among: fields.map(\.name))
                return nil
            }
            if fields[field].type != .string {
                report("the key \"\(name.value)\" must be a string", at: name.location)
            }
            return field
        }
        return key.count == parts ? Touch(entity: entity, role: touch.role, fields: key) : nil
    }
}

extension Touch {
    /// Where an event names two entities of one type, features read that of the first role: the
    /// only one, or the origin, or else the first by name.
    fileprivate var readOrder: String { role == "origin" ? "" : role }
}
