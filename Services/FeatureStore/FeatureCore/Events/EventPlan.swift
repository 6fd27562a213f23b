internal import FeatureEngine
internal import Wire

/// What the resolver needs to know of an event type, worked out once.
struct EventPlan: Sendable {
    /// A field that a caller may give.
    struct Given: Sendable {
        let name: String
        /// Position among the definition's fields.
        let position: Int
        /// Where the currency and the original amount of a money field go.
        var currency: Int?
        var original: Int?
        /// It is, or is part of, an entity's key.
        let isKey: Bool
    }

    let definition: EventDefinition
    /// Ascending by name.
    let given: [Given]
    /// Positions of texts that a state takes: as keyed hashes.
    let isHashed: [Bool]
    /// Computed fields, filters and checks.
    let expressions: EventExpressions
    /// Of these, the personal ones: their hashes stay in the log when they are erased.
    let keptHashes: [Int]

    init(_ definition: EventDefinition, at type: Int, _ definitions: DefinitionSet) {
        self.definition = definition
        expressions = definitions.expressions[type]
        let keys = Set(definition.touches.flatMap(\.fields))
        given = definition.fields.enumerated().compactMap { position, field in
            switch field.origin {
            case .given, .identifier, .time:
                Given(
                    name: field.name, position: position,
                    currency: definition.position(.currency(of: position)),
                    original: definition.position(.original(of: position)),
                    isKey: keys.contains(position))
            case .currency, .original, .computed, .copied: nil
            }
        }
        var isHashed = definition.fields.map { _ in false }
        for source in definitions.entities.flatMap({ $0.group.sources })
        where source.event == type {
            for case let position? in source.values where position < isHashed.count {
                isHashed[position] = definition.fields[position].type == .string
            }
        }
        self.isHashed = isHashed
        keptHashes = isHashed.indices.filter {
            isHashed[$0] && Self.isPersonal(definition.fields[$0], of: definition, definitions)
        }
    }
}

extension EventPlan {
    /// Also of a field that an event takes over from another.
    private static func isPersonal(
        _ field: FieldDefinition, of event: EventDefinition, _ definitions: DefinitionSet
    ) -> Bool {
        guard case .copied(let reference, let position) = field.origin else {
            return PersonalPlan(event, definitions.entities).contains(field.name)
        }
        let other = definitions.events[event.references[reference].event]
        return other.fields.indices.contains(position)
            && PersonalPlan(other, definitions.entities).contains(other.fields[position].name)
    }
}

extension EventDefinition {
    func position(_ origin: FieldDefinition.Origin) -> Int? {
        fields.firstIndex { $0.origin == origin }
    }
}

extension Group {
    /// Everything that takes something from events.
    var sources: [Source] {
        measures.flatMap(\.sources) + registers.flatMap(\.sources)
            + attributes.flatMap(\.sources) + tables.flatMap(\.sources)
            + recents.flatMap(\.sources)
    }
}
