internal import AssayMessages
internal import FeatureEngine

/// States of entities in memory: what a store keeps of them, without the store.
final class ReplayStates {
    /// A state where it can be changed in place.
    private final class Slot {
        var state: FeatureState

        init(_ state: FeatureState) { self.state = state }
    }

    let definitions: DefinitionSet
    /// Events applied, each counted once for each of its entities.
    private(set) var entityEvents = 0
    private var slots: [StateKey: Slot] = [:]
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
        retire(entities, at: now)
        let slots = entities.map { self.slots[$0.key] ?? Slot(empty($0)) }
        return read(vector, event, entities, slots, at: time)
    }

    /// Reads the vector, if one is asked for, and applies the event, which comes at `now`, to all of
    /// its entities.
    func score(
        _ vector: VectorDefinition?, _ event: ResolvedEvent, _ entities: [EntityReference],
        sequence: UInt64, now: Int64
    ) -> AssayFeaturesV1.Vector? {
        retire(entities, at: now)
        let slots = entities.map { slot($0) }
        let values = vector.map { read($0, event, entities, slots, at: event.time) }
        let engineEvent = event.engineEvent
        for (entity, slot) in zip(entities, slots) {
            _ = slot.state.apply(
                engineEvent, touches: entity.touches, sequence: sequence, delivery: .first)
        }
        entityEvents += entities.count
        return values
    }

    /// Applies a recorded event.
    func apply(
        _ event: ResolvedEvent, _ entities: [EntityReference], of row: AssayFeaturesV1.LogRow
    ) {
        _ = score(
            nil, event, entities, sequence: row.sequence,
            now: row.received.millisecondsSinceEpoch)
    }

    /// A state that has nothing more to say begins a new life.
    private func retire(_ entities: [EntityReference], at now: Int64) {
        for entity in entities {
            guard let slot = slots[entity.key] else { continue }
            if lives[entity.entity].isOver(slot.state, at: now) { slots[entity.key] = nil }
        }
    }

    private func read(
        _ vector: VectorDefinition, _ event: ResolvedEvent?, _ entities: [EntityReference],
        _ slots: [Slot], at time: Int64
    ) -> AssayFeaturesV1.Vector {
        let readings = zip(entities, slots).map { entity, slot in
            EntityReading(entity, slot.state, at: time)
        }
        return reader.vector(vector, event: event, readings: readings, time: time)
    }

    private func slot(_ entity: EntityReference) -> Slot {
        if let slot = slots[entity.key] { return slot }
        let slot = Slot(empty(entity))
        slots[entity.key] = slot
        return slot
    }

    private func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: groupHashes[entity.entity])
    }
}
