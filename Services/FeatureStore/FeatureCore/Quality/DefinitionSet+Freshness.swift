internal import FeatureEngine

extension DefinitionSet {
    /// How old the newest row of a snapshot may be, in milliseconds; nil for what has no bound.
    func freshnessBound(ofEvent type: Int) -> Int64? {
        guard events[type].kind == .snapshot else { return nil }
        let ages = entities.flatMap(\.group.registers).filter { register in
            register.isSnapshot && register.sources.contains { $0.event == type }
        }.compactMap(\.maximumAge)
        return ages.min()
    }
}
