internal import FeatureEngine
internal import RPC
internal import Redis
internal import Storage
internal import Synchronization

/// An erasure that a caller waits for: it is done between two rounds.
struct PendingErasure {
    let order: ErasureOrder
    let caller: CheckedContinuation<[UInt8], any Error>
}

extension SharedKeeper {
    /// Erases a subject from the shared store and from the keeper's disk. The same request again gives
    /// the same proof; one that did not end begins anew and does what is left.
    func erase(_ order: ErasureOrder) async throws -> [UInt8] {
        let records = ErasureRecords(store: try keptLog(of: order.tenant).store)
        if let proof = try records.proof(of: order) { return proof }
        return try await withCheckedThrowingContinuation { caller in
            erasures.withLock { $0.append(PendingErasure(order: order, caller: caller)) }
        }
    }

    func hold(_ order: ErasureOrder) throws {
        let store = try keptLog(of: order.tenant).store
        let batch = ErasureRecords(store: store).hold(order, at: pipeline.clock())
        try store.write(batch, sync: true)
    }

    /// A tenant's log, if this keeper is the one that has it.
    func keptLog(of tenant: String) throws(RPCError) -> KeptLog {
        if isKeeping.load(ordering: .acquiring), let log = log(of: tenant) { return log }
        throw RPCError(
            code: .unavailable,
            message:
                "this keeper has no events of the tenant: there are none, or another keeper has"
                + " the lease", reason: "NOT_THE_KEEPER", retryAfter: .seconds(1))
    }

    // MARK: Within a round

    func performErasures(_ lease: KeeperLease) async {
        let pending = erasures.withLock { pending in
            defer { pending = [] }
            return pending
        }
        for pending in pending {
            do {
                pending.caller.resume(returning: try await perform(pending.order, lease))
            } catch {
                pending.caller.resume(throwing: error)
            }
        }
    }

    /// Without the lease nothing can be erased.
    func refuseErasures() {
        isKeeping.store(false, ordering: .releasing)
        let pending = erasures.withLock { pending in
            defer { pending = [] }
            return pending
        }
        for pending in pending {
            pending.caller.resume(
                throwing: RPCError(
                    code: .unavailable, message: "the keeper has lost its lease",
                    reason: "NOT_THE_KEEPER", retryAfter: .seconds(1)))
        }
    }

    private func perform(_ order: ErasureOrder, _ lease: KeeperLease) async throws -> [UInt8] {
        let log = try keptLog(of: order.tenant)
        let records = ErasureRecords(store: log.store)
        if let proof = try records.proof(of: order) { return proof }
        try log.store.write(records.beginning(order), sync: true)
        let keys = SharedKeys(tenant: order.tenant)

        var erasure = Erasure(
            of: order.subject, tenant: order.tenant, generation: [], in: log.store)
        var entities = try await entities(order, keys)
        try await closeKeys(entities, order, log, keys)
        let last = try await settle(log, keys, lease)
        // Also those that came until then.
        entities.formUnion(try erasure.entities())
        // What others use too, such as a device, keeps its state and its trail.
        let shared = try entities.filter { try erasure.isShared($0, log.vault) }
        entities.subtract(shared)
        let erased = Set(entities.map(\.key))
        for entity in entities { try erasure.eraseRows(of: entity, erased: erased) }
        let states = try await deleteStates(entities, order, keys)
        let aside = try log.quarantine.rows(
            naming: erased, tenant: order.tenant, pipeline)
        erasure.count(states: states, quarantined: aside.count)
        var batch = try erasure.endOfKeys(of: Array(entities), shared: Array(shared))
        for key in aside { log.quarantine.remove(key, from: &batch) }
        try log.store.write(batch, sync: true)
        for key in erased { log.vault.subjects.forget(key, tenant: order.tenant) }
        try erasure.rewriteFiles(
            of: Array(entities), generations: [erasure.generation], families: Self.families)
        erasuresDone.add(1, ordering: .releasing)
        let end = try records.end(
            order, erasure.counts, definitionSet: pipeline.definitions.hash, sequence: last,
            at: pipeline.clock())
        try log.store.write(end.batch, sync: true)
        return end.proof
    }

    /// The subject's entities as the shared store knows them; itself is one.
    private func entities(
        _ order: ErasureOrder, _ keys: SharedKeys
    ) async throws -> Set<Erasure.Entity> {
        let reply = try await send(
            RedisCommand("SMEMBERS", key: keys.subjectEntities(order.subject)))
        var entities: Set = [Erasure.Entity(type: order.type, key: order.subject)]
        for case .bytes(let bytes) in reply.elements ?? [] {
            if let entity = Erasure.Entity(bytes) { entities.insert(entity) }
        }
        return entities
    }

    /// Destroys the keys in the shared store, and makes sure that no server seals with them any more.
    /// The keeper has them until the end, for rows that are still on their way.
    private func closeKeys(
        _ entities: Set<Erasure.Entity>, _ order: ErasureOrder, _ log: KeptLog,
        _ keys: SharedKeys
    ) async throws {
        // Before its customer was known an entity was its own subject.
        let subjects = Set(entities.map(\.key)).union([order.subject])
        try log.keep(
            try await SharedSubjects.wrapped(
                subjects, order.tenant, redis, configuration.roundTrip))
        var commands = subjects.sorted().flatMap { subject in
            [
                RedisCommand("DEL", key: keys.subjectKey(subject)),
                RedisCommand("DEL", key: keys.subjectEntities(subject)),
            ]
        }
        // One after the other: an epoch moves when the keys are gone.
        try await sendAll(commands)
        commands = (0..<SharedKeys.partitions).map { RedisCommand("INCR", key: keys.epoch($0)) }
        try await sendAll(commands)
    }

    /// Waits until all that was recorded up to now is applied and on the disk. Returns the greatest
    /// sequence that it may have.
    private func settle(
        _ log: KeptLog, _ keys: SharedKeys, _ lease: KeeperLease
    ) async throws -> UInt64 {
        let last = (try await time() + 1) << 20
        while true {
            let now = try await time()
            var oldest = UInt64.max
            for partition in 0..<SharedKeys.partitions {
                let reply = try await send(
                    RedisCommand(
                        "ZRANGE", key: keys.open(partition), Array("0".utf8), Array("0".utf8)))
                if case .bytes(let id)? = reply.elements?.first,
                    let place = StreamPlace(id, partition: partition)
                {
                    oldest = min(oldest, place.sequence)
                }
            }
            // What was not open when it was looked at has its record in the streams by now.
            _ = try await take(log, keys, lease, now)
            guard oldest <= last else { return last }
            _ = try await finishOpen(log, keys, now: now)
            try await Task.sleep(for: configuration.pause)
        }
    }

    /// Deletes the states with their journals. The next event of such an entity finds none, and begins
    /// a life.
    private func deleteStates(
        _ entities: Set<Erasure.Entity>, _ order: ErasureOrder, _ keys: SharedKeys
    ) async throws -> Int {
        let references = entities.compactMap { entity in
            pipeline.definitions.entity(named: entity.type).map {
                EntityReference(
                    tenant: order.tenant, entity: $0, role: "", key: entity.key, touches: 0)
            }
        }
        return try await sendAll(references.map { RedisCommand("DEL", key: states.key($0)) })
            .reduce(0) { $0 + Int($1.integer ?? 0) }
    }

    @discardableResult
    private func sendAll(_ commands: [RedisCommand]) async throws -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        let replies = try await redis.send(commands, timeout: configuration.roundTrip)
        if let error = replies.lazy.compactMap(\.error).first { throw error }
        return replies
    }
}
