extension DefinitionSet {
    /// The names of the features that a vector publishes.
    func features(of vector: VectorDefinition) -> [String] {
        vector.columns.map { features.features[$0.feature].name }
    }

    /// The features of states that a feature reads, also through others; itself if it is one.
    func inputs(of name: String) -> Set<String> {
        guard let start = features.feature(named: name) else { return [] }
        var seen: Set<Int> = []
        var open = [start]
        var found: Set<String> = []
        while let feature = open.popLast() {
            guard seen.insert(feature).inserted else { continue }
            switch features.features[feature].source {
            case .state: found.insert(features.features[feature].name)
            case .derived(let derivation):
                for slot in derivation.facts {
                    if case .feature(let input) = features.sources[slot] { open.append(input) }
                }
            }
        }
        return found
    }

    /// The features of states that a derived feature reads, ascending.
    public func inputs(of feature: CataloguedFeature) -> [String] {
        feature.kind == .derived ? inputs(of: feature.name).sorted() : []
    }

    /// The entities whose states a feature reads.
    func entities(readBy feature: CataloguedFeature) -> [String] {
        if let entity = feature.entity { return [entity] }
        guard let position = features.feature(named: feature.name) else { return [] }
        return Set(features.entities(of: position).map { entities[$0.entity].name }).sorted()
    }

    /// The catalogue's part that expressions compute.
    var derivedCatalogue: [CataloguedFeature] {
        features.features.compactMap { feature in
            guard case .derived(let derivation) = feature.source,
                let documentation = documentation[feature.name]
            else { return nil }
            return CataloguedFeature(
                name: feature.name, alias: nil, kind: .derived, entity: nil,
                type: feature.unit == .money && feature.type == .int
                    ? "money" : feature.type.description,
                defaultValue: feature.defaultValue, window: nil, hop: nil,
                expression: derivation.expression, condition: derivation.condition,
                meaning: feature.meaning,
                documentation: documentation)
        }
    }
}
