internal import AssayMessages
internal import FeatureEngine
internal import RPC

/// The events of one entity's present life, folded again.
struct EntityHistory {
    private(set) var state: FeatureState
    /// In the order in which they were applied.
    private(set) var events: [AppliedEvent] = []
    private(set) var ids: [UInt64: String] = [:]

    /// - Parameters:
    ///   - sequence: the place in the log up to and without which events count.
    ///   - now: when the call or the event comes that reads, in milliseconds.
    ///   - limit: how many events are held in memory at most. Throws FAILED_PRECONDITION if it has
    ///     more.
    init(
        of entity: EntityReference, in log: EventLog, before sequence: UInt64, at now: Int64,
        limit: Int
    ) throws {
        let definitions = log.pipeline.definitions
        let trail = try log.trail(of: entity, before: sequence, limit: limit + 1)
        guard trail.count <= limit else {
            throw Self.tooLong(definitions.entities[entity.entity].name)
        }
        let empty = FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: definitions.groupHash(ofEntity: entity.entity, tenant: entity.tenant))
        state = empty
        let life = definitions.lives[entity.entity]
        for sequence in trail {
            // Nobody may wait for it any more.
            try Task.checkCancellation()
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

    private static func tooLong(_ entity: String) -> RPCError {
        RPCError(
            .failedPrecondition,
            "an explanation goes through at most \(Explanation.maximumHistory) events, and the"
                + " \(entity) has more: explain an earlier read of it, by `sequence`, or take its"
                + " values from a training set", reason: "HISTORY_TOO_LONG")
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
