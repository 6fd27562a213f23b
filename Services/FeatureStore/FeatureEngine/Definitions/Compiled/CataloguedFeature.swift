/// What there is to know of a feature, whatever makes it.
public struct CataloguedFeature: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case window, counts, attribute, register, derived
    }

    public let name: String
    /// A shorter name that finds it too.
    public let alias: String?
    public let kind: Kind
    /// The entity whose state holds it; nil for a derived feature.
    public let entity: String?
    /// An int, money, double, bool, category, or counts by class.
    public let type: String
    public let defaultValue: Double
    /// Milliseconds; nil if it has no window.
    public let window: Int64?
    public let hop: Int64?
    /// Of a derived feature.
    public let expression: String?
    /// Of a derived feature that is empty where this is false.
    public let condition: String?
    /// Canonical text of what the value means.
    public let meaning: String
    public let documentation: Documentation

    public static func == (a: Self, b: Self) -> Bool {
        a.name == b.name && a.definition == b.definition && a.documentation == b.documentation
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// Everything that must stay under a name.
    var definition: String { "\(type) \(defaultValue.bitPattern) \(meaning)" }
}

extension DefinitionSet {
    /// Every feature, ascending by name.
    public var catalogue: [CataloguedFeature] {
        let held = entities.flatMap { entity in
            entity.features.map { catalogued($0, of: entity) }
                + entity.counts.map { catalogued($0, of: entity) }
        }
        return (held + derivedCatalogue).sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
    }

    private func catalogued(
        _ feature: StateFeature, of entity: EntityDefinition
    ) -> CataloguedFeature {
        var span: (window: Int64, hop: Int64)?
        let kind: CataloguedFeature.Kind
        switch feature.read {
        case .aggregate(let read):
            kind = .window
            span = (read.window, entity.group.tiers[read.tier].hop)
        case .attribute(let read):
            kind = .attribute
            switch read.aspect {
            case .distinct(let window, let hop), .firstSeen(let window, let hop):
                span = (window, hop)
            case .isNew, .secondsSinceFirstSeen, .daysSinceFirstSeen, .secondsSinceLastSeen,
                .timesSeen:
                span = nil
            }
        case .register: kind = .register
        }
        return CataloguedFeature(
            name: feature.name, alias: feature.alias, kind: kind, entity: entity.name,
            type: feature.type.rawValue, defaultValue: feature.defaultValue,
            window: span?.window, hop: span?.hop, expression: nil, condition: nil,
            meaning: feature.meaning,
            documentation: documentation[feature.name] ?? feature.documentation)
    }

    private func catalogued(
        _ counts: CountsFeature, of entity: EntityDefinition
    ) -> CataloguedFeature {
        CataloguedFeature(
            name: counts.name, alias: nil, kind: .counts, entity: entity.name, type: "counts",
            defaultValue: 0, window: counts.window,
            hop: entity.group.tiers[counts.tier].hop, expression: nil, condition: nil,
            meaning: counts.meaning,
            documentation: documentation[counts.name] ?? counts.documentation)
    }
}
