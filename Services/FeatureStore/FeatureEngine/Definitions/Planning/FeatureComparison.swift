/// Reads the features that mean the same in two definition sets from a state of each, to find
/// whether they are equal to the last bit.
public struct FeatureComparison: Sendable {
    /// A value that is not.
    public struct Difference: Hashable, Sendable {
        public let feature: String
        public let before: Double
        public let after: Double
        public let beforeStatus: UInt8
        public let afterStatus: UInt8
    }

    /// What is read of a state in one of the sets.
    private struct Side: Sendable {
        let plan: VectorPlan
        let role: EntityRole

        init?(_ set: DefinitionSet, _ names: [String], entity: String) {
            guard let position = set.entity(named: entity) else { return nil }
            let columns = names.compactMap { name in
                set.features.feature(named: name).map { VectorColumn(name: name, feature: $0) }
            }
            role = EntityRole(position)
            plan = VectorPlan(
                [columns], of: set.features, groups: set.entities.map(\.group), touches: [])
        }

        func read(
            _ state: FeatureState, at time: Int64, _ hash: (String) -> UInt64
        ) -> VectorValues {
            plan.read { reading in
                reading.begin(at: time, tokens: TokenTexts(plan.texts, hash: hash))
                reading.read(state, as: role)
                return reading.finish()[0]
            }
        }
    }

    private let names: [String]
    private let before: Side
    private let after: Side

    /// Nil if the sets share no feature that reads the states of this entity alone.
    public init?(_ before: DefinitionSet, _ after: DefinitionSet, entity: String) {
        let known = Dictionary(
            before.catalogue.map { ($0.name, $0.definition) }, uniquingKeysWith: { a, _ in a })
        let names = after.catalogue.filter {
            $0.kind != .counts && known[$0.name] == $0.definition
                && before.reads($0.name, only: entity) && after.reads($0.name, only: entity)
        }.map(\.name)
        guard !names.isEmpty, let before = Side(before, names, entity: entity),
            let after = Side(after, names, entity: entity)
        else { return nil }
        self.names = names
        self.before = before
        self.after = after
    }

    /// How many features are compared.
    public var count: Int { names.count }

    /// The first feature that differs; nil if all are equal.
    ///
    /// - Parameter hash: the tenant's keyed hash of a text.
    public func difference(
        _ old: FeatureState, _ new: FeatureState, at time: Int64, hash: (String) -> UInt64
    ) -> Difference? {
        let (old, new) = (before.read(old, at: time, hash), after.read(new, at: time, hash))
        for (index, name) in names.enumerated()
        where old.values[index].bitPattern != new.values[index].bitPattern
            || old.status[index] != new.status[index]
        {
            return Difference(
                feature: name, before: old.values[index], after: new.values[index],
                beforeStatus: old.status[index], afterStatus: new.status[index])
        }
        return nil
    }
}

extension DefinitionSet {
    /// Whether all that a feature reads are states of an entity that no role tells from others.
    fileprivate func reads(_ name: String, only entity: String) -> Bool {
        guard let feature = features.feature(named: name), let position = self.entity(named: entity)
        else { return false }
        return features.entities(of: feature) == [EntityRole(position)]
    }
}
