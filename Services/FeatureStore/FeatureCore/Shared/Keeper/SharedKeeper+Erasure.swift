internal import FeatureEngine
internal import RPC
internal import Redis
internal import Storage
internal import Synchronization

/// An erasure that a caller waits for: each round brings it a step forward.
struct PendingErasure {
    let order: ErasureOrder
    let caller: CheckedContinuation<[UInt8], any Error>
    /// What is to be erased, once nobody seals with the subject's keys any more.
    var closed: Closed?

    struct Closed {
        let entities: Set<Erasure.Entity>
        /// The greatest sequence that an event sealed with the old keys may have.
        let last: UInt64
        /// Until when such events may be open, by the shared store's clock, in milliseconds.
        let deadline: UInt64
    }
}

extension SharedKeeper {
    /// Erases a subject from the shared store and from the keeper's disk. The same request again gives
    /// the same proof; one that did not end begins anew and does what is left.
    func erase(_ order: ErasureOrder) async throws -> [UInt8] {
        let records = ErasureRecords(store: try keptLog(of: order.tenant).store)
        if let proof = try records.proof(of: order) { return proof }
        return try await withCheckedThrowingContinuation { caller in
            let isTaken = erasures.withLock { pending in
                // Refused under this lock, when the lease is lost.
                guard isKeeping.load(ordering: .acquiring) else { return false }
                pending.append(PendingErasure(order: order, caller: caller))
                return true
            }
            if !isTaken { caller.resume(throwing: Self.leaseLost) }
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
        guard !pending.isEmpty else { return }
        isErasing.store(true, ordering: .sequentiallyConsistent)
        erasuresSeen.add(1, ordering: .sequentiallyConsistent)
        var unfinished: [PendingErasure] = []
        for var pending in pending {
            do {
                if let proof = try await advance(&pending, lease) {
                    pending.caller.resume(returning: proof)
                } else {
                    unfinished.append(pending)
                }
            } catch {
                pending.caller.resume(throwing: error)
            }
        }
        erasures.withLock { $0 = unfinished + $0 }
        erasuresSeen.add(1, ordering: .sequentiallyConsistent)
        isErasing.store(!unfinished.isEmpty, ordering: .sequentiallyConsistent)
    }

    /// Without the lease nothing can be erased.
    func refuseErasures() {
        let pending = erasures.withLock { pending in
            isKeeping.store(false, ordering: .releasing)
            isErasing.store(false, ordering: .sequentiallyConsistent)
            defer { pending = [] }
            return pending
        }
        for pending in pending { pending.caller.resume(throwing: Self.leaseLost) }
    }

    private static var leaseLost: RPCError {
        RPCError(
            code: .unavailable, message: "the keeper has lost its lease",
            reason: "NOT_THE_KEEPER", retryAfter: .seconds(1))
    }

    /// The next step of an erasure; the proof after the last. Other work goes on between two steps, and
    /// finishes the events that the erasure waits for.
    private func advance(
        _ pending: inout PendingErasure, _ lease: KeeperLease
    ) async throws -> [UInt8]? {
        let order = pending.order
        let log = try keptLog(of: order.tenant)
        let keys = SharedKeys(tenant: order.tenant)
        guard let closed = pending.closed else {
            let records = ErasureRecords(store: log.store)
            if let proof = try records.proof(of: order) { return proof }
            try log.store.write(records.beginning(order), sync: true)
            let entities = try await entities(order, keys)
            try await closeKeys(entities, order, log, keys)
            let now = try await time()
            pending.closed = PendingErasure.Closed(
                entities: entities, last: (now + 1) << 20,
                deadline: now + UInt64(max(0, configuration.erasureLimit.milliseconds)))
            return nil
        }
        let now = try await time()
        let open = try await openEvents(through: closed.last, keys)
        // What was not open when it was looked at has its record in the streams by now.
        _ = try await take(log, keys, lease, now)
        // What is stuck is not waited for: its row is erased as it is.
        let underWay = open.count { !stuck.contains($0, order.tenant) }
        if underWay > 0 {
            guard now < closed.deadline else { throw Self.unfinished(underWay) }
            return nil
        }
        return try await end(order, closed, stuck: open.map(\.sequence), log, keys)
    }

    private static func unfinished(_ count: Int) -> RPCError {
        RPCError(
            code: .unavailable,
            message:
                "events from before the erasure (\(count)) are not in all their states yet: send"
                + " the request again", reason: "EVENTS_OPEN", retryAfter: .seconds(10))
    }

    private func end(
        _ order: ErasureOrder, _ closed: PendingErasure.Closed, stuck: [UInt64], _ log: KeptLog,
        _ keys: SharedKeys
    ) async throws -> [UInt8] {
        var erasure = Erasure(
            of: order.subject, tenant: order.tenant, generation: [], in: log.store)
        // Also those that came until now.
        var entities = closed.entities.union(try erasure.entities())
        // What others use too, such as a device, keeps its state and its trail.
        let shared = try entities.filter { try erasure.isShared($0, log.vault) }
        entities.subtract(shared)
        let erased = Set(entities.map(\.key))
        for entity in entities { try erasure.eraseRows(of: entity, erased: erased) }
        try erasure.eraseRows(at: stuck, erased: erased)
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
        let end = try ErasureRecords(store: log.store).end(
            order, erasure.counts, definitionSet: pipeline.definitions.hash,
            sequence: closed.last, at: pipeline.clock())
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
        try await deleteEverywhere(commands)
        commands = (0..<SharedKeys.partitions).map { RedisCommand("INCR", key: keys.epoch($0)) }
        try await deleteEverywhere(commands)
    }

    /// The open events up to a sequence.
    private func openEvents(
        through last: UInt64, _ keys: SharedKeys
    ) async throws -> [StreamPlace] {
        var open: [StreamPlace] = []
        for partition in 0..<SharedKeys.partitions {
            // All have the same score, so they go by their ids: what ends meanwhile hides no other.
            var start = Array("-".utf8)
            while true {
                let reply = try await send(
                    RedisCommand(
                        "ZRANGE", key: keys.open(partition), start, Array("+".utf8),
                        Array("BYLEX".utf8), Array("LIMIT".utf8), Array("0".utf8),
                        Array("1000".utf8)))
                let ids = reply.elements ?? []
                for case .bytes(let id) in ids {
                    start = [UInt8(ascii: "(")] + id
                    let place = StreamPlace(id, partition: partition)
                    if let place, place.sequence <= last { open.append(place) }
                }
                if ids.count < 1_000 { break }
            }
        }
        return open
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
        return try await deleteEverywhere(
            references.map { RedisCommand("DEL", key: states.key($0)) }
        )
        .reduce(0) { $0 + Int($1.integer ?? 0) }
    }

    /// In the replicas too, where there are some: what is erased does not come back with one of them.
    @discardableResult
    private func deleteEverywhere(_ commands: [RedisCommand]) async throws -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        var (commands, timeout) = (commands, configuration.roundTrip)
        if configuration.replicas > 0 {
            timeout += configuration.replicaWait
            commands.append(
                RedisCommand(
                    "WAIT", "\(configuration.replicas)",
                    "\(configuration.replicaWait.milliseconds)"))
        }
        let replies = try await redis.send(commands, timeout: timeout)
        if let error = replies.lazy.compactMap(\.error).first { throw error }
        if configuration.replicas > 0, replies.last?.integer ?? 0 < configuration.replicas {
            throw RPCError(
                code: .unavailable,
                message: "the replicas have not confirmed the erasure: send the request again",
                reason: "NOT_REPLICATED", retryAfter: .seconds(10))
        }
        return replies
    }
}
