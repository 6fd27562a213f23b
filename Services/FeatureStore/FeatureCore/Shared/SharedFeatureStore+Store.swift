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
            if let write = applied(event, at: place, &loaded[index]) {
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
            pending = take(replies, of: pending, event, place, &stored)
        }
        if !pending.isEmpty { stored.isComplete = false }
        return stored
    }

    /// What the replies leave to be written again.
    private func take(
        _ replies: [RedisValue], of pending: [(index: Int, write: BlobWrite)],
        _ event: SharedEvent, _ place: StreamPlace, _ stored: inout StoredStates
    ) -> [(index: Int, write: BlobWrite)] {
        var again: [(index: Int, write: BlobWrite)] = []
        for ((index, write), reply) in zip(pending, replies) {
            switch BlobWrite.outcome(reply) {
            case .written:
                stored.versions[index] = write.after.version
                states.written(write)
            case .conflict(let newer):
                activity.conflicts.count()
                var loaded = states.take(write.entity, .blob(newer))
                stored.reread.removeAll { $0.index == index }
                stored.reread.append((index, loaded))
                if let write = applied(event, at: place, &loaded) {
                    again.append((index, write))
                } else {
                    stored.isComplete = false
                }
            case .refused: stored.isComplete = false
            }
        }
        return again
    }

    /// The state with the event, to be written; nil if it must not be applied here.
    ///
    /// Nobody else applies the event while it is fresh, so it is applied whatever the state's ring
    /// says; after that it is the keeper's.
    private func applied(
        _ event: SharedEvent, at place: StreamPlace, _ loaded: inout LoadedState
    ) -> BlobWrite? {
        guard var state = loaded.state else {
            activity.damaged.count()
            return nil
        }
        guard uptime() - event.started < configuration.ownership else { return nil }
        loaded.state = nil
        _ = state.apply(
            event.scoring.resolved.engineEvent, touches: loaded.entity.touches,
            sequence: place.sequence, delivery: .first)
        return states.write(loaded, state)
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
