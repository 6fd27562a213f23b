internal import AssayMessages
internal import FeatureEngine

/// The events of one entity's present life, folded again.
struct EntityHistory {
    private(set) var state: FeatureState
    /// In the order in which they were applied.
    private(set) var events: [AppliedEvent] = []
    private(set) var ids: [UInt64: String] = [:]

    /// - Parameters:
    ///   - sequence: the place in the log up to and without which events count.
    ///   - now: when the call or the event comes that reads, in milliseconds.
    init(
        of entity: EntityReference, in log: EventLog, before sequence: UInt64, at now: Int64
    ) throws {
        let definitions = log.pipeline.definitions
        let empty = FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: definitions.groupHash(ofEntity: entity.entity, tenant: entity.tenant))
        state = empty
        let life = definitions.lives[entity.entity]
        for sequence in try log.trail(of: entity, before: sequence) {
            guard let row = try log.row(sequence), let event = log.pipeline.resolved(row) else {
                continue
            }
            begin(life, empty, at: row.received.millisecondsSinceEpoch)
            for found in event.entities(definitions, tenant: row.tenant)
            where found.key == entity.key {
                apply(event, row.event.id, touches: found.touches, sequence: sequence)
            }
        }
        begin(life, empty, at: now)
    }

    /// Forgets a life that is over.
    private mutating func begin(_ life: StateLife, _ empty: FeatureState, at now: Int64) {
        guard life.isOver(state, at: now) else { return }
        state = empty
        events = []
        ids = [:]
    }

    /// Adds an event behind all others.
    mutating func apply(
        _ event: ResolvedEvent, _ id: String, touches: UInt64, sequence: UInt64
    ) {
        _ = state.apply(
            event.engineEvent, touches: touches, sequence: sequence, delivery: .again)
        events.append(
            AppliedEvent(
                event: event.engineEvent, touches: touches, sequence: sequence, clock: state.clock))
        ids[sequence] = id
    }
}
