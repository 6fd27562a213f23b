internal import AssayMessages
internal import FeatureEngine
internal import Redis
internal import Storage
internal import Wire

/// What the keeper does when the shared store may have lost its newest writes: it was failed over to
/// a replica that lacked them, or came back with an older file.
///
/// The log on the keeper's disk is the truth. Events that it has and the shared store lost count
/// again; those recorded after the loss keep counting, in versions of their own where two events
/// claim one. Servers flag what they read until the keeper is done, so that it is left out of
/// training sets (``LossWatch``).
extension SharedKeeper {
    /// Rows older than this at the loss of a connection have reached every replica and file.
    static let longestLoss: UInt64 = 60_000
    /// Versions further apart are not of one life.
    private static let life: UInt64 = 1 << 20
    private static let batch = 256

    /// The span of the log that a new connection puts in doubt: what was on the disk when the old one
    /// ended, as far back as a loss reaches.
    func doubted(_ log: KeptLog) throws -> ClosedRange<UInt64>? {
        let newest = try log.newest()
        guard newest > 0 else { return nil }
        let first = StreamPlace(sequence: newest).milliseconds
        return (first - min(first, Self.longestLoss)) << 20...newest
    }

    /// Finds out what was lost of a span of the log. The rows of all streams are on the disk.
    func findLosses(_ span: ClosedRange<UInt64>, _ log: KeptLog, _ keys: SharedKeys) async throws {
        var entities: [StateKey: EntityReference] = [:]
        var rest = try log.sequences(span)[...]
        while !rest.isEmpty {
            let sequences = rest.prefix(Self.batch)
            rest = rest.dropFirst(Self.batch)
            try await restoreKeys(of: Array(sequences), log, keys)
            let rows = try sequences.compactMap { try log.readableRow($0) }
            for row in rows {
                for entity in scoring(row)?.entities ?? [] { entities[entity.key] = entity }
            }
            try await restoreIDs(of: rows, log, keys)
        }
        var torn: [StateKey: String] = [:]
        var unchecked = Array(entities.values)[...]
        while !unchecked.isEmpty {
            let batch = Array(unchecked.prefix(Self.batch))
            unchecked = unchecked.dropFirst(Self.batch)
            let replies = try await redis.send(
                batch.map { RedisCommand("HGET", key: states.key($0), StateField.token) },
                timeout: configuration.roundTrip)
            for (entity, reply) in zip(batch, replies) {
                if let error = reply.error { throw error }
                var version: UInt64 = 0
                if case .bytes(let token) = reply { version = BlobToken(token)?.version ?? 0 }
                guard try hasLost(entity, version, span.lowerBound, log) else { continue }
                torn[entity.key] = pipeline.definitions.entities[entity.entity].name
            }
            try await forgetFinished(of: batch, log)
        }
        try log.tear(torn)
    }

    /// Makes a partition's stream go on behind what is on the disk. One that lost its end, on a server
    /// whose clock is behind, would give out ids of rows that were taken, and theirs never would be.
    func forward(_ log: KeptLog, _ keys: SharedKeys) async throws {
        for partition in 0..<SharedKeys.partitions {
            guard let drained = try log.drained(partition) else { continue }
            // Nobody reads it. Refused if the stream is there already, as it nearly always is.
            let reply = try await redis.send(
                RedisCommand(
                    "XADD", key: keys.rows(partition), drained, [StreamEntry.mark], []),
                timeout: configuration.roundTrip)
            if let error = reply.error, error.code != "ERR" { throw error }
        }
    }

    /// Puts lost keys of subjects back, so that no more is sealed under others. What was sealed under
    /// another meanwhile stays so: rows name their keys.
    private func restoreKeys(
        of sequences: [UInt64], _ log: KeptLog, _ keys: SharedKeys
    ) async throws {
        // Those are gone for good.
        let erased = erasures.withLock { pending in
            Set(
                pending.flatMap { $0.closed?.entities.map(\.key) ?? [] }
                    + pending.map(\.order.subject))
        }
        let commands = try log.firstKeys(of: sequences).filter { !erased.contains($0.key) }.map {
            RedisCommand("SETNX", key: keys.subjectKey($0.key), $0.value)
        }
        guard !commands.isEmpty else { return }
        let replies = try await redis.send(commands, timeout: configuration.roundTrip)
        if let error = replies.lazy.compactMap(\.error).first { throw error }
    }

    /// Makes ids known again, so that their events are not recorded twice. One that was given another
    /// place meanwhile leaves its first one.
    private func restoreIDs(
        of rows: [AssayFeaturesV1.LogRow], _ log: KeptLog, _ keys: SharedKeys
    ) async throws {
        var commands: [RedisCommand] = []
        let life = Array("\(SharedStoreConfiguration().idLife.milliseconds / 1_000)".utf8)
        let tenant = pipeline.keys.key(of: log.tenant)
        for row in rows {
            let key = keys.claim(Array(Hash.sha256(row.event.id).prefix(16)))
            let place = StreamPlace(sequence: row.sequence)
            commands.append(
                RedisCommand(
                    "SET", key: key,
                    place.id + Array(" ".utf8) + tenant.digest(of: row.event.encoded()),
                    Array("EX".utf8), life, Array("NX".utf8)))
            commands.append(RedisCommand("GET", key: key))
        }
        let replies = try await redis.send(commands, timeout: configuration.roundTrip)
        var batch = WriteBatch()
        for (index, row) in rows.enumerated() {
            if let error = replies[2 * index].error { throw error }
            guard case .bytes(let claim) = replies[2 * index + 1],
                let (place, _) = SharedClaim.row(
                    claim, partition: StreamPlace(sequence: row.sequence).partition),
                place.sequence != row.sequence
            else { continue }
            statistics.disagreements.count()
            try log.supersede(row.sequence, &batch)
        }
        try log.store.write(batch, sync: true)
    }

    /// Whether a blob of this version lacks what the records say, or began a life of its own.
    private func hasLost(
        _ entity: EntityReference, _ version: UInt64, _ first: UInt64, _ log: KeptLog
    ) throws -> Bool {
        let name = pipeline.definitions.entities[entity.entity].name
        var newer: MadeVersion?
        var isTorn = false
        try log.scanTrail(of: entity.key, entity: name) { made in
            if let newer {
                isTorn = newer.isBirth && !isPause(from: made, to: newer, entity)
            } else {
                isTorn = made.version > version || version - made.version >= Self.life
            }
            newer = made
            return !isTorn && made.sequence >= first
        }
        return isTorn
    }

    /// Whether a state may have ended between two of its events.
    private func isPause(
        from: MadeVersion, to: MadeVersion, _ entity: EntityReference
    ) -> Bool {
        pipeline.definitions.lives[entity.entity].isOver(
            clock: from.milliseconds, at: to.milliseconds)
    }

    // MARK: Building again

    /// Builds the states that are not what the log says. Returns how many. One that cannot be built
    /// stays as it is, and stops nobody.
    func mendTorn(_ log: KeptLog, now: UInt64) async throws -> Int {
        var mended = 0
        for (key, torn) in try log.torn()
        where !unmended.isWaiting(key, log.tenant, now: now) {
            let named = pipeline.definitions.entities.firstIndex { $0.name == torn.name }
            guard let named else {
                try log.mend(key, torn, before: [], after: [])
                continue
            }
            let entity = EntityReference(
                tenant: log.tenant, entity: named, role: "", key: key, touches: 0)
            do {
                if try await mend(entity, torn, log) { mended += 1 }
                unmended.remove(key, log.tenant)
            } catch let error where Self.isOfOne(error) {
                guard unmended.add(key, log.tenant, now: now) else { continue }
                statistics.damaged.count()
                tellStuck("a state of \(torn.name) of \(log.tenant)", because: "\(error)")
            }
        }
        statistics.restored.count(mended)
        return mended
    }

    /// False if it has to be tried again.
    private func mend(
        _ entity: EntityReference, _ torn: TornEntity, _ log: KeptLog
    ) async throws -> Bool {
        let loaded = try await load(entity)
        let notes = try await states.journal(
            of: entity, redis, timeout: configuration.roundTrip)
        let recorded = try recorded(entity, torn.name, log)
        var known = Set(recorded.map(\.sequence))
        var events = recorded.map(\.sequence)
        let others =
            torn.strays.sorted { $0.version < $1.version }
            + notes.sorted { $0.version < $1.version }
        for made in others where !known.contains(made.sequence) {
            guard try log.readableRow(made.sequence) != nil else {
                // Its row is still to come, or the log has lost it or given it up.
                guard try log.hasTaken(made.sequence) else { return false }
                continue
            }
            known.insert(made.sequence)
            events.append(made.sequence)
        }
        var after: [MadeVersion] = []
        for sequence in events {
            let version = after.last.map { $0.version + 1 } ?? sequence
            after.append(MadeVersion(sequence: sequence, version: version))
        }
        let oldest =
            pipeline.clock().millisecondsSinceEpoch - FeatureStoreConfiguration().logRetention
        // A version tells when its life began.
        if let first = recorded.first, !first.isBirth, Int64(first.version >> 20) < oldest {
            throw StorageError(.corrupt, "its life began before the log")
        }
        guard let state = try fold(after, of: entity, log) else {
            throw StorageError(.corrupt, "rows of its events are missing or damaged")
        }
        if state.version > 0, state.encode() != loaded.blob {
            let unfinished = Set(notes.map(\.sequence)).subtracting(recorded.map(\.sequence))
            let made = after.filter { unfinished.contains($0.sequence) }
            let write = states.write(loaded, state, made: made)
            let reply = try await send(write.command)
            guard case .written = BlobWrite.outcome(reply) else { return false }
        }
        try log.mend(entity.key, torn, before: recorded, after: after)
        try await forgetFinished(of: [entity], log)
        return true
    }

    /// Removes notes of finished events that came back with an older file.
    private func forgetFinished(of entities: [EntityReference], _ log: KeptLog) async throws {
        let replies = try await redis.send(
            entities.map { RedisCommand("HLEN", key: states.key($0)) },
            timeout: configuration.roundTrip)
        for (entity, reply) in zip(entities, replies) {
            if let error = reply.error { throw error }
            // Token and blob alone.
            guard reply.integer ?? 0 > 2 else { continue }
            let places = try await states.journal(
                of: entity, redis, timeout: configuration.roundTrip
            ).map { StreamPlace(sequence: $0.sequence) }
            let open = try await states.open(
                places, SharedKeys(tenant: log.tenant), redis, configuration.roundTrip)
            let name = pipeline.definitions.entities[entity.entity].name
            let finished = try places.filter { place in
                guard !open.contains(place), try log.hasTaken(place.sequence) else { return false }
                guard let row = try log.readableRow(place.sequence) else { return true }
                return row.version(of: entity.key, name) != nil
            }
            guard !finished.isEmpty else { continue }
            let notes = [states.key(entity): Set(finished.map(\.sequence))]
            for command in states.forget(notes) { _ = try await send(command) }
        }
    }

    /// The events of an entity by the records, through lives that began before another was over.
    private func recorded(
        _ entity: EntityReference, _ name: String, _ log: KeptLog
    ) throws -> [MadeVersion] {
        var found: [MadeVersion] = []
        try log.scanTrail(of: entity.key, entity: name) { made in
            if let last = found.last, last.isBirth, isPause(from: made, to: last, entity) {
                return false
            }
            found.append(made)
            return true
        }
        return found.reversed()
    }
}

extension AssayFeaturesV1.LogRow {
    /// The version that the event made of an entity, once its record says.
    func version(of key: StateKey, _ name: String) -> UInt64? {
        let pid = key.bytes
        return entities.first { $0.entity == name && $0.pid == pid && $0.version > 0 }?.version
    }
}
