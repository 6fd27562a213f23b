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
