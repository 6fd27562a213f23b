extension DefinitionSet {
    /// What the definitions say of something that an expression reads; nil for the event at hand and
    /// for times.
    public func documentation(of source: FactSource) -> Documentation? {
        switch source {
        case .readTime, .eventTime, .field: nil
        case .feature(let feature): documentation[features.features[feature].name]
        case .register(let entity, let register, _):
            entities[entity].registers[register].documentation
        case .table(let entity, let table, _): entities[entity].tables[table].documentation
        case .recent(let entity, let list, _): entities[entity].recents[list].documentation
        case .counts(let entity, let measure, let tier, let window, let lag, _):
            entities[entity].counts(measure, tier, window, lag).map {
                documentation[$0.name] ?? $0.documentation
            }
        }
    }
}

extension EntityDefinition {
    func counts(_ measure: Int, _ tier: Int, _ window: Int64, _ lag: Int64?) -> CountsFeature? {
        counts.first {
            $0.measure == measure && $0.tier == tier && $0.window == window && $0.lag == lag
        }
    }
}
