internal import FeatureEngine
internal import Wire

/// What the resolver needs to know of an event type, worked out once.
final class EventPlan: Sendable {
    /// A field that a caller may give. A class, so that going through them copies nothing.
    final class Given: Sendable {
        enum Kind { case identifier, time, value }

        let name: String
        /// Position among the definition's fields.
        let position: Int
        let field: FieldDefinition
        let type: FieldType
        let kind: Kind
        /// Where the currency and the original amount of a money field go.
        let currency: Int?
        let original: Int?
        /// It is, or is part of, an entity's key.
        let isKey: Bool

        init?(_ field: FieldDefinition, at position: Int, of event: EventDefinition, isKey: Bool) {
            switch field.origin {
            case .given: kind = .value
            case .identifier: kind = .identifier
            case .time: kind = .time
            case .currency, .original, .computed, .copied: return nil
            }
            name = field.name
            self.position = position
            self.field = field
            type = field.type
            currency = event.position(.currency(of: position))
            original = event.position(.original(of: position))
            self.isKey = isKey
        }

        var path: String { "/event/fields/\(name)" }
    }

    let definition: EventDefinition
    /// Ascending by name.
    let given: [Given]
    /// Positions of texts whose keyed hashes a state takes, or a feature holds against those that
    /// a state has.
    let isHashed: [Bool]
    /// Computed fields, filters and checks.
    let expressions: EventExpressions
    /// What the log keeps of personal fields when they are erased.
    let kept: KeptParts

    init(_ definition: EventDefinition, at type: Int, _ definitions: DefinitionSet) {
        self.definition = definition
        expressions = definitions.expressions[type]
        let keys = Set(definition.touches.flatMap(\.fields))
        given = definition.fields.enumerated().compactMap { position, field in
            Given(field, at: position, of: definition, isKey: keys.contains(position))
        }
        let taken = Set(
            definitions.entities.flatMap { $0.group.sources }.filter { $0.event == type }
                .flatMap(\.values).compactMap { $0 })
        let compared = definitions.features.fieldsComparedWithStates(ofEvent: type)
        let hashed = taken.union(compared).filter {
            definition.fields.indices.contains($0) && definition.fields[$0].type == .string
        }
        isHashed = definition.fields.indices.map(hashed.contains)
        kept = KeptParts(type, definitions)
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
