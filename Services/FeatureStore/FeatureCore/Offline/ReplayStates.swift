internal import AssayMessages
internal import FeatureEngine

/// States of entities in memory: what a store keeps of them, without the store.
final class ReplayStates {
    let definitions: DefinitionSet
    /// Events applied, each counted once for each of its entities.
    private(set) var entityEvents = 0
    /// Whether vectors have their digests.
    var givesDigests = true
    private var slots: [StateKey: HeldState] = [:]
    private let reader: VectorReader
    private let groupHashes: [UInt64]
    private let lives: [StateLife]

    /// - Parameter reader: with the keys that hashed the events' texts; nil hides nothing.
    init(_ definitions: DefinitionSet, tenant: String, reader: VectorReader? = nil) {
        self.definitions = definitions
        self.reader = reader ?? VectorReader(definitions: definitions)
        lives = definitions.lives
        groupHashes = definitions.entities.indices.map {
            definitions.groupHash(ofEntity: $0, tenant: tenant)
        }
    }

    /// How many entities there are states of.
    var count: Int { slots.count }

    subscript(key: StateKey) -> FeatureState? { slots[key]?.state }

    /// The blobs of all states, in no order.
    var blobs: [[UInt8]] { slots.values.map { $0.state.encode() } }

    /// The vector at `time`, as a call that comes at `now` gets it.
    func read(
        _ vector: VectorDefinition, _ event: ResolvedEvent?, _ entities: [EntityReference],
        at time: Int64, now: Int64
    ) -> AssayFeaturesV1.Vector {
        let readings = entities.map { entity in
            if let known = slots[entity.key] {
                if !isOver(known, entity, at: now) {
                    return EntityReading(entity, held: known, at: time)
                }
                slots[entity.key] = nil
            }
            return EntityReading(entity, held: HeldState(empty(entity)), at: time)
        }
        return reader.vector(vector, event: event, readings: readings, time: time)
    }

    /// Reads the vector, if one is asked for, and applies the event, which comes at `now`, to all of
    /// its entities.
    func score(
        _ vector: VectorDefinition?, _ event: ResolvedEvent, _ entities: [EntityReference],
        sequence: UInt64, now: Int64
    ) -> AssayFeaturesV1.Vector? {
        entityEvents += entities.count
        guard let vector else {
            let engineEvent = event.engineEvent
            for entity in entities {
                slot(entity, at: now).apply(
                    engineEvent, touches: entity.touches, sequence: sequence)
            }
            return nil
        }
        let readings = entities.map {
            EntityReading($0, held: slot($0, at: now), at: event.time)
        }
        return reader.vector(
            vector, applying: event, sequence: sequence, to: readings, isDigested: givesDigests)
    }

    /// Applies a recorded event.
    func apply(
        _ event: ResolvedEvent, _ entities: [EntityReference], of row: AssayFeaturesV1.LogRow
    ) {
        _ = score(
            nil, event, entities, sequence: row.sequence,
            now: row.received.millisecondsSinceEpoch)
    }

    /// Where the entity's state is. One that has nothing more to say begins a new life.
    private func slot(_ entity: EntityReference, at now: Int64) -> HeldState {
        if let slot = slots[entity.key] {
            if isOver(slot, entity, at: now) { slot.state = empty(entity) }
            return slot
        }
        let slot = HeldState(empty(entity))
        slots[entity.key] = slot
        return slot
    }

    private func isOver(_ slot: HeldState, _ entity: EntityReference, at now: Int64) -> Bool {
        slot.state.version != 0 && lives[entity.entity].isOver(clock: slot.state.clock, at: now)
    }

    private func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: groupHashes[entity.entity])
    }
}
