internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
internal import Wire

/// Whom to erase, or to hold, and on whose word.
package struct ErasureOrder: Sendable {
    let requestID: String
    let tenant: String
    /// The entity type of the subject.
    let type: String
    let subject: StateKey
    let client: String
    let reason: String

    /// Tells the subject of a request from others, and is no pseudonym.
    var mark: [UInt8] {
        Array(Hash.sha256(Array(requestID.utf8) + [0] + subject.bytes).prefix(Self.markBytes))
    }

    static let markBytes = 16
}

extension EmbeddedFeatureStore {
    /// Erases a subject and returns the sealed proof. The same request again gives the same proof;
    /// one that did not end begins anew and does what is left. One erasure is done after the other.
    package func erase(_ order: ErasureOrder) async throws -> [UInt8] {
        try await erasureGate.next { [self] in try await carryOut(order) }
    }

    private func carryOut(_ order: ErasureOrder) async throws -> [UInt8] {
        let orders = ErasureRecords(store: store)
        if let proof = try orders.proof(of: order) { return proof }
        let begun = orders.beginning(order)
        // From here on nothing of the subject is recorded.
        var closed = [order.subject]
        close(closed)
        defer {
            erasureGate.end()
            erasureGate.open(closed)
        }
        // Whatever was submitted before is in the store once this is.
        try await records.commit(begun)
        let set = active
        var erasure = Erasure(
            of: order.subject, tenant: order.tenant, generation: set.generation, in: store)
        let own = Erasure.Entity(type: order.type, key: order.subject)
        // Of types that came with other definitions, the states under these say more.
        var entities = try erasure.entities().filter {
            $0 != own && set.definitions.entity(named: $0.type) != nil
        }
        close(entities.map(\.key))
        closed += entities.map(\.key)
        try await records.commit(begun)
        try await set.writer.flush()

        let shared = try entities.filter { try erasure.isShared($0, set.vault) }
        let others = Set(shared.map(\.key))
        erasureGate.open(others)
        closed.removeAll { others.contains($0) }
        entities = [own] + entities.filter { !others.contains($0.key) }
        try await erase(entities, shared, order, &erasure)
        let end = try orders.end(
            order, erasure.counts, definitionSet: definitions.hash, sequence: lastSequence.value,
            at: pipeline.clock())
        try await records.commit(end.batch)
        return end.proof
    }

    private func erase(
        _ entities: [Erasure.Entity], _ shared: [Erasure.Entity], _ order: ErasureOrder,
        _ erasure: inout Erasure
    ) async throws {
        let erased = Set(entities.map(\.key))
        try await waitForBackfill()
        let states = try empty(entities, order.tenant)
        try await flush()
        for entity in entities { try erasure.eraseRows(of: entity, erased: erased) }
        let others = try await emptyOtherGenerations(entities, shared, erasure)
        let all = entities + others.own
        let keys = Set(all.map(\.key))
        erasure.count(states: states, quarantined: try await eraseQuarantine(keys, order.tenant))
        try await records.commit(
            try erasure.endOfKeys(of: all, shared: shared + others.shared))
        // Only now: who reads a key that is still stored would keep it.
        let subjects = active.vault.subjects
        for key in keys { subjects.forget(key, tenant: order.tenant) }
        let state = register.state.withLock { $0 }
        var generations = Set(state.row.retired.map(\.generation)).union(state.doomed.keys)
        generations.formUnion([erasure.generation, active.generation])
        if let backfill = state.backfill { generations.insert(backfill.target.generation) }
        try erasure.rewriteFiles(of: all, generations: generations, families: Self.families)
    }

    /// Whoever records an event of the entities has submitted it, or finds the gate closed.
    private func close(_ keys: [StateKey]) {
        while true {
            let set = active
            let isClosed = set.states.holding(keys) {
                guard active === set else { return false }
                erasureGate.close(keys)
                return true
            }
            if isClosed { return }
        }
    }

    package func hold(_ order: ErasureOrder) async throws {
        try await records.commit(ErasureRecords(store: store).hold(order, at: pipeline.clock()))
    }

    /// Puts empty states in place; how many were not.
    private func empty(_ entities: [Erasure.Entity], _ tenant: String) throws -> Int {
        try empty(entities, tenant, in: active)
    }

    /// States that are made for other definitions have events that are not in the log any more, and
    /// those that were in force before are kept for a while.
    ///
    /// Returns the entities of the subject that only other definitions know, and those of them that
    /// somebody else uses too.
    private func emptyOtherGenerations(
        _ entities: [Erasure.Entity], _ shared: [Erasure.Entity], _ erasure: Erasure
    ) async throws -> (own: [Erasure.Entity], shared: [Erasure.Entity]) {
        let (tenant, known) = (erasure.tenant, Set(entities + shared))
        // Others may have come into force since.
        let (state, set) = register.state.withLock { ($0, $0.backfill?.target ?? active) }
        func empty() throws -> [Bool: [Erasure.Entity]] {
            let others = try Dictionary(
                grouping: erasure.entities().filter { !known.contains($0) },
                by: { try erasure.isShared($0, in: set) })
            _ = try self.empty(entities + (others[false] ?? []), tenant, in: set)
            return others
        }
        let others: [Bool: [Erasure.Entity]]
        if let backfill = state.backfill {
            // What is read of the log from here on does not name the subject.
            others = try backfill.applying.withLock { _ in try empty() }
        } else {
            others = try empty()
        }
        try await set.writer.flush()
        let erased = entities + (others[false] ?? [])
        var generations = state.row.retired.map(\.generation) + state.doomed.keys
        if set.generation != erasure.generation { generations.append(set.generation) }
        var batch = WriteBatch()
        for entity in erased {
            for generation in generations {
                if generation != set.generation {
                    let place = StorageKey.state(
                        entity.key, tenant: tenant, generation: generation, entity: entity.type)
                    batch.delete(place, in: .state)
                }
                try deleteTrail(of: entity, tenant, generation, &batch)
            }
        }
        if !batch.isEmpty { try await records.commit(batch) }
        return (others[false] ?? [], others[true] ?? [])
    }

    private func deleteTrail(
        of entity: Erasure.Entity, _ tenant: String, _ generation: [UInt8],
        _ batch: inout WriteBatch
    ) throws {
        let trail = StorageKey.trail(
            entity.key, tenant: tenant, generation: generation, entity: entity.type)
        for row in try store.rows(.trail, .prefix(trail), limit: .max) {
            batch.delete(row.key, in: .trail)
        }
    }

    /// Events that wait to be applied to other states too are in memory, whatever the log says.
    private func waitForBackfill() async throws {
        let end = lastSequence.value
        while let backfill = register.state.withLock({ $0.backfill }), active.tail != nil,
            backfill.target.position.value < end
        {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func empty(
        _ entities: [Erasure.Entity], _ tenant: String, in set: ActiveDefinitions
    ) throws -> Int {
        let cache = set.states
        let now = set.pipeline.clock().millisecondsSinceEpoch
        var count = 0
        for entity in entities {
            guard let position = set.definitions.entity(named: entity.type) else { continue }
            let reference = EntityReference(
                tenant: tenant, entity: position, role: "", key: entity.key, touches: 0)
            try cache.holding([entity.key]) {
                let cached = try state(reference, set, at: now, before: .max)
                guard cached.state.version != 0 else { return }
                count += 1
                cache.replace(cached, with: cache.empty(reference))
                cache.stripes[cache.stripe(of: entity.key)].markDirty(cached)
            }
        }
        return count
    }

    /// Drops the events kept aside that name one of the entities.
    private func eraseQuarantine(_ erased: Set<StateKey>, _ tenant: String) async throws -> Int {
        let found = try keptAside.rows(naming: erased, tenant: tenant, pipeline)
        for keys in found.chunked(by: 1_000) {
            var batch = WriteBatch()
            for key in keys { keptAside.remove(key, from: &batch) }
            try await records.commit(batch)
        }
        return found.count
    }
}

extension Array {
    fileprivate func chunked(by count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map {
            self[$0..<Swift.min($0 + count, self.count)]
        }
    }
}
