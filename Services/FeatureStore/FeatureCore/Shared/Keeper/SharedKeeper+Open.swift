internal import AssayMessages
internal import FeatureEngine
internal import Redis
internal import Storage
internal import Wire

extension SharedKeeper {
    /// Open events asked for at once.
    private static let openBatch = 100

    /// What became of an open event.
    private enum Finishing {
        case done
        /// To be tried again in the next round.
        case later
        /// Trying again soon does not help.
        case stuck(String)
    }

    /// Finishes the events that servers have left: those open for longer than a server may take.
    ///
    /// - Parameter now: the shared store's clock before the log was drained, in milliseconds.
    func finishOpen(_ log: KeptLog, _ keys: SharedKeys, now: UInt64) async throws -> Int {
        var finished = 0
        for partition in 0..<SharedKeys.partitions {
            finished += try await finishOpen(partition, log, keys, now: now)
        }
        statistics.finished.count(finished)
        return finished
    }

    private func finishOpen(
        _ partition: Int, _ log: KeptLog, _ keys: SharedKeys, now: UInt64
    ) async throws -> Int {
        var (finished, later) = (0, 0)
        // Those before it stay open.
        var offset = 0
        // What the shared store does not take now it does not take a hundred times over.
        while later < Self.openBatch {
            // All have the same score, so they come in the order of their ids: oldest first.
            let reply = try await send(
                RedisCommand(
                    "ZRANGE", key: keys.open(partition), Array("\(offset)".utf8),
                    Array("\(offset + Self.openBatch - 1)".utf8)))
            let ids = reply.elements ?? []
            for case .bytes(let id) in ids {
                guard let place = StreamPlace(id, partition: partition) else {
                    offset += 1
                    continue
                }
                // So are all behind it.
                guard isLeft(place, now) else { return finished }
                guard !stuck.isWaiting(place, log.tenant, now: now) else {
                    offset += 1
                    continue
                }
                switch try await attempt(place, log, keys) {
                case .done:
                    finished += 1
                    stuck.remove(place, log.tenant)
                case .later:
                    offset += 1
                    later += 1
                case .stuck(let cause):
                    offset += 1
                    if stuck.add(place, log.tenant, now: now) {
                        statistics.damaged.count()
                        tellStuck("event \(place.sequence) of \(log.tenant)", because: cause)
                    }
                }
            }
            guard ids.count == Self.openBatch else { break }
        }
        return finished
    }

    /// Old enough for its server to have ended. Whether it has is not relied on: this only keeps the
    /// two from doing the same work.
    private func isLeft(_ place: StreamPlace, _ now: UInt64) -> Bool {
        let limit = UInt64(max(0, configuration.openLimit.milliseconds))
        return place.milliseconds + limit < now
    }

    /// An event whose own data is at fault is stuck, and stops nobody.
    private func attempt(
        _ place: StreamPlace, _ log: KeptLog, _ keys: SharedKeys
    ) async throws -> Finishing {
        do {
            return try await finish(place, log, keys)
        } catch let error where Self.isOfOne(error) {
            return .stuck("\(error)")
        }
    }

    /// Brings an event to all states that lack it, and records what it made.
    private func finish(
        _ place: StreamPlace, _ log: KeptLog, _ keys: SharedKeys
    ) async throws -> Finishing {
        guard let found = try await opened(place, log) else {
            guard let id = try log.aside(place) else {
                // Gone from the stream without having reached the disk.
                return .stuck("its row is gone")
            }
            try await endOpenness(ofAside: id, place, log, keys)
            return .done
        }
        guard let row = try completed(found, log) else {
            // What it refers to may come yet, or room.
            return try await setAside(found, place, log, keys)
                ? .done : .stuck("it refers to none, and there is no room to put it aside")
        }
        guard let scoring = scoring(row) else {
            // Its type is defined no longer: there is nothing it could be applied to.
            _ = try await send(RedisCommand("ZREM", key: keys.open(place.partition), place.id))
            return .done
        }
        var versions: [UInt64] = []
        for entity in scoring.entities {
            // What its record said before the shared store lost that it was finished.
            let name = pipeline.definitions.entities[entity.entity].name
            if let known = row.version(of: entity.key, name) {
                versions.append(known)
                continue
            }
            switch try await bring(scoring.resolved.engineEvent, to: entity, place, log) {
            case .made(let version): versions.append(version)
            case .not(let finishing): return finishing
            }
        }
        let logged = pipeline.logRow(
            scoring, sequence: place.sequence, versions: versions, vectors: [])
        let record = AssayFeaturesV1.AppliedRow(
            sequence: place.sequence, entities: logged.entities, vectors: row.vectors)
        return try await send(keys.finish(place, record.encoded())).integer == 1 ? .done : .later
    }

    /// The event's row. A key that it lacks may be in the shared store: where that lost the first, or
    /// the subject was erased since.
    private func opened(
        _ place: StreamPlace, _ log: KeptLog
    ) async throws -> AssayFeaturesV1.LogRow? {
        guard let row = try log.row(place.sequence) else { return nil }
        guard row.isPartial else { return row }
        try log.keep(
            try await SharedSubjects.wrapped(
                log.unknownSubjects(of: row), log.tenant, redis, configuration.roundTrip))
        return try log.row(place.sequence)
    }

    /// What became of an event on one entity.
    private enum Bringing {
        /// The version that it made: here, or before.
        case made(UInt64)
        /// The shared store would not have it, somebody else has finished the event, or the state
        /// cannot be read.
        case not(Finishing)
    }

    /// Applies an event to an entity unless the state has it.
    private func bring(
        _ event: EngineEvent, to entity: EntityReference, _ place: StreamPlace, _ log: KeptLog
    ) async throws -> Bringing {
        var found = try await load(entity)
        for _ in 0..<SharedStates.maximumAttempts {
            var loaded = try await readable(found, log)
            guard var state = loaded.state else { return .not(.stuck("a state cannot be read")) }
            loaded.state = nil
            let sequence = place.sequence
            switch state.apply(
                event, touches: entity.touches, sequence: sequence, delivery: .again)
            {
            case .applied: break
            case .alreadyApplied:
                return state.version(madeBy: sequence).map { .made($0) } ?? .not(.later)
            case .uncertain:
                statistics.uncertain.count()
                let standing = try await states.standings(
                    of: [place], on: entity, redis, timeout: configuration.roundTrip)[0]
                switch standing {
                case .made(let version): return .made(version)
                case .finished: return .not(.later)
                case .missing:
                    _ = state.apply(
                        event, touches: entity.touches, sequence: sequence, delivery: .first)
                }
            }
            let made = MadeVersion(sequence: sequence, version: state.version)
            let write = states.write(loaded, state, made: [made])
            let reply = try await redis.send(write.command, timeout: configuration.roundTrip)
            switch BlobWrite.outcome(reply) {
            case .written: return .made(state.version)
            case .conflict(let newer):
                found = states.load(entity, newer) ?? LoadedState(entity: entity)
            case .refused: return .not(.later)
            }
        }
        return .not(.later)
    }

    /// A state as it stands in the shared store.
    func load(_ entity: EntityReference) async throws -> LoadedState {
        let reply = BlobReply(try await send(states.read(entity)))
        return states.load(entity, reply) ?? LoadedState(entity: entity)
    }
}
