internal import AssayMessages
internal import FeatureEngine

/// The events of one entity's present life, folded again.
struct EntityHistory {
    private(set) var state: FeatureState
    /// In the order in which they were applied.
    private(set) var events: [AppliedEvent] = []
    private(set) var ids: [UInt64: String] = [:]

    /// - Parameter sequence: the place in the log up to and without which events count.
    init(
        of entity: EntityReference, in log: EventLog, empty: FeatureState, before sequence: UInt64
    ) throws {
        state = empty
        let life = log.pipeline.definitions.lives[entity.entity]
        for sequence in try log.trail(of: entity, before: sequence) {
            guard let row = try log.row(sequence), let event = log.pipeline.resolved(row) else {
                continue
            }
            if life.isOver(state, at: row.received.millisecondsSinceEpoch) {
                state = empty
                events = []
                ids = [:]
            }
            for found in event.entities(log.pipeline.definitions, tenant: row.tenant)
            where found.key == entity.key {
                _ = state.apply(
                    event.engineEvent, touches: found.touches, sequence: sequence,
                    delivery: .again)
                events.append(
                    AppliedEvent(
                        event: event.engineEvent, touches: found.touches, sequence: sequence,
                        clock: state.clock))
                ids[sequence] = row.event.id
            }
        }
    }
}
