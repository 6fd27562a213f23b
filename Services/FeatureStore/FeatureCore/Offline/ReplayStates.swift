internal import AssayMessages
internal import FeatureEngine

/// States of entities in memory: what a store keeps of them, without the store.
struct ReplayStates {
    let definitions: DefinitionSet
    /// The states that events were applied to, each event counted once for each.
    private(set) var entityEvents = 0
    private var states: [StateKey: FeatureState] = [:]
    private let reader: VectorReader
    private let groupHashes: [UInt64]

    init(_ definitions: DefinitionSet, tenant: String) {
        self.definitions = definitions
        reader = VectorReader(definitions: definitions)
        groupHashes = definitions.entities.indices.map {
            definitions.groupHash(ofEntity: $0, tenant: tenant)
        }
    }

    /// How many entities there are states of.
    var count: Int { states.count }

    subscript(key: StateKey) -> FeatureState? { states[key] }

    /// The blobs of all states, in no order.
    var blobs: [[UInt8]] { states.values.map { $0.encode() } }

    /// The vector as it is now.
    func read(
        _ vector: VectorDefinition, _ event: ResolvedEvent?, _ entities: [EntityReference],
        at time: Int64
    ) -> AssayFeaturesV1.Vector {
        let readings = entities.map { entity in
            let state = states[entity.key] ?? empty(entity)
            return EntityReading(
                reference: entity, version: state.version, time: state.readTime(time),
                values: state.read(definitions.entities[entity.entity].plan, at: time))
        }
        return reader.vector(vector, event: event, readings: readings, time: time)
    }

    /// Applies the event to all of its entities.
    mutating func apply(
        _ event: ResolvedEvent, _ entities: [EntityReference], sequence: UInt64
    ) {
        entityEvents += entities.count
        for entity in entities {
            if states[entity.key] == nil { states[entity.key] = empty(entity) }
            _ = states[entity.key]?.apply(
                event.engineEvent, touches: entity.touches, sequence: sequence, delivery: .first)
        }
    }

    private func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: groupHashes[entity.entity])
    }
}
