internal import AssayMessages
internal import FeatureEngine
internal import Redis
internal import Storage
internal import Wire

/// What one round of the keeper knows.
struct KeeperRound {
    /// The shared store's clock at its beginning, in milliseconds.
    let now: UInt64
    /// Open events, oldest first in each partition.
    var open: [StreamPlace] = []
    /// Sequences by version, of events finished in this round: their records are not drained yet.
    var made: [StateKey: [UInt64: UInt64]] = [:]
}

extension SharedKeeper {
    /// Open events looked at in one round of a partition.
    private static let openBatch = 100

    /// Finishes the events that servers have left: those open for longer than a server may take.
    func finishOpen(
        _ log: KeptLog, _ keys: SharedKeys, _ round: inout KeeperRound
    ) async throws -> Int {
        for partition in 0..<SharedKeys.partitions {
            // All have the same score, so they come in the order of their ids: oldest first.
            let reply = try await send(
                RedisCommand(
                    "ZRANGE", key: keys.open(partition), [UInt8(ascii: "0")],
                    Array("\(Self.openBatch - 1)".utf8)))
            for case .bytes(let id) in reply.elements ?? [] {
                if let place = StreamPlace(id, partition: partition) { round.open.append(place) }
            }
        }
        var finished = 0
        for place in round.open where isSettled(place, round) {
            if try await finish(place, log, keys, &round) { finished += 1 }
        }
        statistics.finished.count(finished)
        return finished
    }

    /// Old enough that no server has anything to do with it any more.
    func isSettled(_ place: StreamPlace, _ round: KeeperRound) -> Bool {
        let limit = UInt64(max(0, configuration.openLimit.milliseconds))
        return place.milliseconds + limit < round.now
    }

    /// Brings an event to all states that lack it, and records what it made. False if something has
    /// to be tried again in a later round.
    private func finish(
        _ place: StreamPlace, _ log: KeptLog, _ keys: SharedKeys, _ round: inout KeeperRound
    ) async throws -> Bool {
        guard let row = try log.row(place.sequence) else {
            // Its row is gone from the stream without having reached the disk.
            statistics.damaged.count()
            return false
        }
        guard let scoring = scoring(row) else {
            // Its type is defined no longer: there is nothing it could be applied to.
            _ = try await send(RedisCommand("ZREM", key: keys.open(place.partition), place.id))
            return true
        }
        var versions: [UInt64] = []
        for entity in scoring.entities {
            let made = try await bring(
                scoring.resolved.engineEvent, to: entity, place, log, round)
            guard let made else { return false }
            versions.append(made)
            round.made[entity.key, default: [:]][made] = place.sequence
        }
        let logged = pipeline.logRow(
            scoring, sequence: place.sequence, versions: versions, vectors: [])
        let record = AssayFeaturesV1.AppliedRow(
            sequence: place.sequence, entities: logged.entities, vectors: row.vectors)
        let replies = try await redis.send(
            [
                RedisCommand(
                    "XADD", key: keys.rows(place.partition), Array("*".utf8),
                    [StreamEntry.applied], record.encoded()),
                RedisCommand("ZREM", key: keys.open(place.partition), place.id),
            ], timeout: configuration.roundTrip)
        return replies.allSatisfy { $0.error == nil }
    }

    /// The version that the event made of an entity: applied here unless the state has it. Nil if the
    /// shared store would not have it.
    private func bring(
        _ event: EngineEvent, to entity: EntityReference, _ place: StreamPlace, _ log: KeptLog,
        _ round: KeeperRound
    ) async throws -> UInt64? {
        var blob = BlobReply(try await send(states.read(entity)))
        for _ in 0..<SharedStates.maximumAttempts {
            var loaded = try readable(states.load(entity, blob), log)
            guard var state = loaded.state else { return nil }
            loaded.state = nil
            let sequence = place.sequence
            switch state.apply(
                event, touches: entity.touches, sequence: sequence, delivery: .again)
            {
            case .applied: break
            case .alreadyApplied: return state.version(madeBy: sequence)
            case .uncertain:
                statistics.uncertain.count()
                switch try claim(of: place, on: entity, state, log, round) {
                case .version(let made): return made
                case .undecided: return nil
                case .none:
                    _ = state.apply(
                        event, touches: entity.touches, sequence: sequence, delivery: .first)
                }
            }
            let write = states.write(loaded, state)
            let reply = try await redis.send(write.command, timeout: configuration.roundTrip)
            switch BlobWrite.outcome(reply) {
            case .written: return state.version
            case .conflict(let newer): blob = .blob(newer)
            case .refused: return nil
            }
        }
        return nil
    }
}
