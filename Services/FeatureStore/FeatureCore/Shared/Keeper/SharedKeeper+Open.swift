internal import AssayMessages
internal import FeatureEngine
internal import Redis
internal import Storage
internal import Wire

extension SharedKeeper {
    /// Open events looked at in one round of a partition.
    private static let openBatch = 100

    /// Finishes the events that servers have left: those open for longer than a server may take.
    ///
    /// - Parameter now: the shared store's clock before the log was drained, in milliseconds.
    func finishOpen(_ log: KeptLog, _ keys: SharedKeys, now: UInt64) async throws -> Int {
        var finished = 0
        for partition in 0..<SharedKeys.partitions {
            // All have the same score, so they come in the order of their ids: oldest first.
            let reply = try await send(
                RedisCommand(
                    "ZRANGE", key: keys.open(partition), [UInt8(ascii: "0")],
                    Array("\(Self.openBatch - 1)".utf8)))
            for case .bytes(let id) in reply.elements ?? [] {
                guard let place = StreamPlace(id, partition: partition), isLeft(place, now)
                else { continue }
                if try await finish(place, log, keys) { finished += 1 }
            }
        }
        statistics.finished.count(finished)
        return finished
    }

    /// Old enough for its server to have ended. Whether it has is not relied on: this only keeps the
    /// two from doing the same work.
    private func isLeft(_ place: StreamPlace, _ now: UInt64) -> Bool {
        let limit = UInt64(max(0, configuration.openLimit.milliseconds))
        return place.milliseconds + limit < now
    }

    /// Brings an event to all states that lack it, and records what it made. False if something has
    /// to be tried again in a later round.
    private func finish(
        _ place: StreamPlace, _ log: KeptLog, _ keys: SharedKeys
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
                scoring.resolved.engineEvent, to: entity, place, log)
            guard let made else { return false }
            versions.append(made)
        }
        let logged = pipeline.logRow(
            scoring, sequence: place.sequence, versions: versions, vectors: [])
        let record = AssayFeaturesV1.AppliedRow(
            sequence: place.sequence, entities: logged.entities, vectors: row.vectors)
        return try await send(keys.finish(place, record.encoded())).integer == 1
    }

    /// The version that the event made of an entity: applied here unless the state has it. Nil if the
    /// shared store would not have it, or somebody else has finished the event.
    private func bring(
        _ event: EngineEvent, to entity: EntityReference, _ place: StreamPlace, _ log: KeptLog
    ) async throws -> UInt64? {
        var blob = BlobReply(try await send(states.read(entity)))
        for _ in 0..<SharedStates.maximumAttempts {
            var loaded = try await readable(states.load(entity, blob), log)
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
                let standing = try await states.standings(
                    of: [place], on: entity, redis, timeout: configuration.roundTrip)[0]
                switch standing {
                case .made(let version): return version
                case .finished: return nil
                case .missing:
                    _ = state.apply(
                        event, touches: entity.touches, sequence: sequence, delivery: .first)
                }
            }
            let made = MadeVersion(sequence: sequence, version: state.version)
            let write = states.write(loaded, state, made: [made])
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
