internal import FeatureEngine
internal import Redis

/// What became of an event's strict entities.
struct StoredStates {
    /// Per entity of the event, the version it made; nil where it made none (yet).
    var versions: [UInt64?]
    /// Entities that others had written meanwhile, as they were before the event in the end.
    var reread: [(index: Int, newer: LoadedState)] = []
    /// All strict entities have the event.
    var isComplete = true
    /// As many replicas as were asked for have it.
    var isReplicated = false
}

extension SharedFeatureStore {
    /// Applies the event to its strict entities and puts their blobs in place, each if it is still
    /// what was read. Where it is not, that entity is read and applied again.
    func store(
        _ loaded: inout [LoadedState], of event: SharedEvent, at place: StreamPlace
    ) async -> StoredStates {
        var stored = StoredStates(versions: Array(repeating: nil, count: loaded.count))
        var pending: [(index: Int, write: BlobWrite)] = []
        for index in loaded.indices where !states.isRelaxed(loaded[index].entity) {
            if let write = await applied(event, at: place, &loaded[index]) {
                pending.append((index, write))
            } else {
                stored.isComplete = false
            }
        }
        for _ in 0..<SharedStates.maximumAttempts where !pending.isEmpty {
            let replies: [RedisValue]
            do {
                replies = try await redis.send(
                    pending.map(\.write.command) + replication, timeout: roundTripWithReplicas)
            } catch {
                // They may be written or not; whether they are is for the keeper to see.
                stored.isComplete = false
                return stored
            }
            stored.isReplicated = isReplicated(replies.dropFirst(pending.count))
            pending = await take(replies, of: pending, event, place, &stored)
        }
        if !pending.isEmpty { stored.isComplete = false }
        return stored
    }

    /// What the replies leave to be written again.
    private func take(
        _ replies: [RedisValue], of pending: [(index: Int, write: BlobWrite)],
        _ event: SharedEvent, _ place: StreamPlace, _ stored: inout StoredStates
    ) async -> [(index: Int, write: BlobWrite)] {
        var again: [(index: Int, write: BlobWrite)] = []
        for ((index, write), reply) in zip(pending, replies) {
            switch BlobWrite.outcome(reply) {
            case .written:
                stored.versions[index] = write.after.version
                states.written(write)
            case .conflict(let newer):
                activity.conflicts.count()
                var loaded =
                    states.load(write.entity, newer, isChanged: true)
                    ?? LoadedState(entity: write.entity)
                stored.reread.removeAll { $0.index == index }
                stored.reread.append((index, loaded))
                if let write = await applied(event, at: place, &loaded) {
                    again.append((index, write))
                } else {
                    stored.isComplete = false
                }
            case .refused: stored.isComplete = false
            }
        }
        return again
    }

    /// The state with the event, to be written; nil if it is not to be applied here: an event that is
    /// no longer fresh is the keeper's, who may have applied it already.
    private func applied(
        _ event: SharedEvent, at place: StreamPlace, _ loaded: inout LoadedState
    ) async -> BlobWrite? {
        guard var state = loaded.state else {
            activity.damaged.count()
            return nil
        }
        guard uptime() - event.started < configuration.ownership else { return nil }
        loaded.state = nil
        let (engineEvent, touches) = (event.scoring.resolved.engineEvent, loaded.entity.touches)
        let sequence = place.sequence
        switch state.apply(engineEvent, touches: touches, sequence: sequence, delivery: .again) {
        case .applied: break
        case .alreadyApplied: return nil
        case .uncertain:
            let standings = try? await states.standings(
                of: [place], on: loaded.entity, redis, timeout: configuration.roundTrip)
            guard standings?.first == .missing else { return nil }
            _ = state.apply(engineEvent, touches: touches, sequence: sequence, delivery: .first)
        }
        let made = MadeVersion(sequence: sequence, version: state.version)
        return states.write(loaded, state, made: [made])
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
