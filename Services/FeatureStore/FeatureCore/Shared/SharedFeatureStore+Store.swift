internal import FeatureEngine
internal import Redis

/// An event that has its place in the log, and what was read of its entities then.
struct PlacedEvent {
    let event: SharedEvent
    let place: StreamPlace
    let replies: [BlobReply]

    var scoring: Scoring { event.scoring }
}

/// What became of an event at its entities.
struct StoredEvent {
    /// Per entity of the event, the version it made; nil where it made none (yet).
    var versions: [UInt64?]
    /// The entities as they were before the event; none if no vector is wanted.
    var readings: [EntityReading] = []
    /// All strict entities have the event.
    var isComplete = true
    /// As many replicas as were asked for have it.
    var isReplicated = false
}

/// Events that are applied together: each of their strict entities is written once.
struct EventBatch {
    /// One entity, and the events that it is to have, in the order of the log.
    struct Share {
        /// The position of the event in the batch, and of the entity among the event's.
        typealias Part = (event: Int, index: Int)

        var parts: [Part] = []
        var loaded: LoadedState
    }

    let events: [PlacedEvent]
    /// What is to be said of all that an event reads.
    var flags: [Status.Flags]
    var stored: [StoredEvent]
    var shares: [Share] = []

    init(_ events: [PlacedEvent]) {
        self.events = events
        flags = Array(repeating: [], count: events.count)
        stored = events.map {
            StoredEvent(versions: Array(repeating: nil, count: $0.scoring.entities.count))
        }
    }

    /// These have not got their entity's new state. What was read of it may be behind, if only its
    /// write would have told.
    mutating func miss(_ parts: [Share.Part], of loaded: LoadedState) {
        for part in parts {
            stored[part.event].isComplete = false
            guard !loaded.isConfirmed, !stored[part.event].readings.isEmpty else { continue }
            let reading = stored[part.event].readings[part.index]
            stored[part.event].readings[part.index] = reading.flagged(.incomplete)
        }
    }
}

extension SharedFeatureStore {
    private typealias Pending = (share: EventBatch.Share, write: BlobWrite)

    /// Applies events to their strict entities and puts a blob for each entity in place, if what was
    /// read still stands there. Where it does not, that entity is read, and all its events are applied
    /// again.
    func store(_ events: [PlacedEvent]) async -> [StoredEvent] {
        var batch = await load(events)
        var pending: [Pending] = []
        for index in batch.shares.indices {
            let share = batch.shares[index]
            // So that a change need not copy it.
            batch.shares[index].loaded.state = nil
            if let next = await applied(share, &batch) { pending.append(next) }
        }
        var isReplicated: Bool?
        for _ in 0..<SharedStates.maximumAttempts where !pending.isEmpty {
            let replies: [RedisValue]
            do {
                replies = try await redis.send(
                    pending.map(\.write.command) + replication, timeout: roundTripWithReplicas)
            } catch {
                // They may be written or not; whether they are is for the keeper to see.
                isReplicated = false
                break
            }
            let isReached = self.isReplicated(replies.dropFirst(pending.count))
            isReplicated = isReached && isReplicated ?? true
            pending = await take(replies, of: pending, &batch)
        }
        for (share, _) in pending { batch.miss(share.parts, of: share.loaded) }
        for index in batch.stored.indices {
            batch.stored[index].isReplicated = isReplicated ?? false
        }
        return batch.stored
    }

    /// Each strict entity is loaded once, for the first of its events.
    private func load(_ events: [PlacedEvent]) async -> EventBatch {
        var batch = EventBatch(events)
        var places: [StateKey: Int] = [:]
        let order = events.indices.sorted { events[$0].place.sequence < events[$1].place.sequence }
        for event in order {
            let scoring = events[event].scoring
            let entities = scoring.entities
            let wanted = entities.indices.filter { places[entities[$0].key] == nil }
            let loaded = await states.load(
                wanted.map { entities[$0] }, wanted.map { events[event].replies[$0] }, redis,
                timeout: configuration.roundTrip
            ) { !states.isRelaxed($0) }
            if !scoring.vectors.isEmpty {
                batch.flags[event] = await doubt(scoring.tenant)
                batch.stored[event].readings = entities.map {
                    pipeline.unavailable($0, at: scoring.resolved.time)
                }
            }
            for (index, loaded) in zip(wanted, loaded) {
                if !states.isRelaxed(loaded.entity) {
                    places[loaded.entity.key] = batch.shares.count
                    batch.shares.append(EventBatch.Share(loaded: loaded))
                } else if !scoring.vectors.isEmpty {
                    batch.stored[event].readings[index] = reading(
                        loaded, for: scoring, batch.flags[event])
                }
            }
            for (index, entity) in entities.enumerated() {
                guard let place = places[entity.key] else { continue }
                batch.shares[place].parts.append((event, index))
            }
        }
        return batch
    }

    /// What the replies leave to be written again.
    private func take(
        _ replies: [RedisValue], of pending: [Pending], _ batch: inout EventBatch
    ) async -> [Pending] {
        var again: [Pending] = []
        for ((share, write), reply) in zip(pending, replies) {
            switch BlobWrite.outcome(reply) {
            case .written:
                for (part, made) in zip(share.parts, write.made) {
                    batch.stored[part.event].versions[part.index] = made.version
                }
                states.written(write)
            case .conflict(let newer):
                activity.conflicts.count()
                var share = share
                share.loaded =
                    states.load(write.entity, newer, isChanged: true)
                    ?? LoadedState(entity: write.entity)
                if let next = await applied(share, &batch) { again.append(next) }
            case .refused: batch.miss(share.parts, of: share.loaded)
            }
        }
        return again
    }

    /// The entity with its events, to be written; nil if it is to have none of them here.
    private func applied(
        _ share: consuming EventBatch.Share, _ batch: inout EventBatch
    ) async -> Pending? {
        let parts = share.parts
        share.parts = []
        var state = share.loaded.state
        share.loaded.state = nil
        if state == nil { activity.damaged.count() }
        var made: [MadeVersion] = []
        for part in parts {
            let event = batch.events[part.event]
            let entity = event.scoring.entities[part.index]
            if !event.scoring.vectors.isEmpty {
                batch.stored[part.event].readings[part.index] = reading(
                    LoadedState(entity: entity, state: state), for: event.scoring,
                    batch.flags[part.event])
            }
            if await apply(event, entity, to: &state), let version = state?.version {
                share.parts.append(part)
                made.append(MadeVersion(sequence: event.place.sequence, version: version))
            } else {
                batch.miss([part], of: share.loaded)
            }
        }
        guard let state, !made.isEmpty else { return nil }
        return (share, states.write(share.loaded, state, made: made))
    }

    /// False if the event is not to be applied here: one that is no longer fresh is the keeper's, who
    /// may have applied it already.
    private func apply(
        _ placed: PlacedEvent, _ entity: EntityReference, to state: inout FeatureState?
    ) async -> Bool {
        guard state != nil, uptime() - placed.event.started < configuration.ownership else {
            return false
        }
        let (event, touches) = (placed.scoring.resolved.engineEvent, entity.touches)
        let sequence = placed.place.sequence
        switch state?.apply(event, touches: touches, sequence: sequence, delivery: .again) {
        case .applied: return true
        case .alreadyApplied, nil: return false
        case .uncertain:
            let standings = try? await states.standings(
                of: [placed.place], on: entity, redis, timeout: configuration.roundTrip)
            guard standings?.first == .missing else { return false }
            _ = state?.apply(event, touches: touches, sequence: sequence, delivery: .first)
            return true
        }
    }

    // MARK: Replicas

    private var replication: [RedisCommand] {
        guard configuration.replicas > 0 else { return [] }
        return [
            RedisCommand(
                "WAIT", "\(configuration.replicas)",
                "\(configuration.replicaWait.milliseconds)")
        ]
    }

    private var roundTripWithReplicas: Duration {
        configuration.roundTrip
            + (configuration.replicas > 0 ? configuration.replicaWait : .zero)
    }

    private func isReplicated(_ replies: ArraySlice<RedisValue>) -> Bool {
        guard configuration.replicas > 0 else { return false }
        let isReached = (replies.first?.integer ?? 0) >= configuration.replicas
        if !isReached { activity.unreplicated.count() }
        return isReached
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
