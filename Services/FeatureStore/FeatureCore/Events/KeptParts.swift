internal import FeatureEngine

/// What rows of one event type keep of personal fields, so that an erased person's events still
/// count for the entities of others: keyed hashes of texts, amounts, numbers and classes that
/// states take, and which filters hold. Of places and days nothing stays.
struct KeptParts: Sendable {
    struct Filter: Sendable {
        let position: Int
        /// The first 8 bytes of SHA-256 of its text: other definitions may have it elsewhere.
        let name: UInt64
    }

    /// The personal fields, and those that are computed from them.
    let personal: [Int]
    /// Of these, the computed ones.
    let computed: [Int]
    /// Of the personal ones, those whose words stay.
    let words: [Int]
    /// The filters that read a personal field.
    let filters: [Filter]

    init(_ type: Int, _ definitions: DefinitionSet) {
        let event = definitions.events[type]
        let plans = definitions.events.map { PersonalPlan($0, definitions.entities) }
        let personal = Self.spread(type, definitions) { plans[$0].contains($1.name) }
        let telling = Self.spread(type, definitions) {
            plans[$0].contains($1.name) && [.place, .date].contains($1.type)
        }
        var taken: Set<Int> = []
        for source in definitions.entities.flatMap({ $0.group.sources })
        where source.event == type {
            taken.formUnion(source.values.compactMap(\.self))
            if let time = source.time { taken.insert(time) }
        }
        self.personal = personal.sorted()
        computed = self.personal.filter {
            if case .computed = event.fields[$0].origin { true } else { false }
        }
        // The hash of a text tells nothing, whatever the text was made of.
        words = self.personal.filter {
            taken.contains($0) && (event.fields[$0].type == .string || !telling.contains($0))
        }
        filters = definitions.expressions[type].following(personal).filters.map { position in
            let digest = Hash.sha256(event.filters[position].canonical)
            return Filter(
                position: position, name: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    /// Some fields of an event type, their parts and copies, and what is computed from them.
    private static func spread(
        _ type: Int, _ definitions: DefinitionSet, alsoCopies: Bool = true,
        _ isFirst: (Int, FieldDefinition) -> Bool
    ) -> Set<Int> {
        let event = definitions.events[type]
        var found = Set(event.fields.indices.filter { isFirst(type, event.fields[$0]) })
        for (position, field) in event.fields.enumerated() {
            switch field.origin {
            case .currency(let money), .original(let money):
                if found.contains(money) { found.insert(position) }
            case .copied(let reference, let field) where alsoCopies:
                // What is referred to brings nothing from a third event.
                let other = event.references[reference].event
                let others = spread(other, definitions, alsoCopies: false, isFirst)
                if others.contains(field) { found.insert(position) }
            case .copied, .given, .identifier, .time, .computed: continue
            }
        }
        return found.union(definitions.expressions[type].following(found).fields)
    }
}
