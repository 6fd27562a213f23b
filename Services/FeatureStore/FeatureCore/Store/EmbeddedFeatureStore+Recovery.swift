internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Synchronization
internal import Wire

extension EmbeddedFeatureStore {
    /// Brings the states up to the log.
    func recover() async throws {
        try StoreFormat.check(store)
        try dropStrayGenerations()
        // States that other definitions left nothing for come from the whole log, as do those whose
        // deletion did not end.
        let stored = try appliedPosition(of: cache.generation)
        if stored == 0 { try deleteRows(of: cache.generation) }
        var applied = stored ?? 0
        lastSequence.raise(to: applied)
        while try recoverPart(after: &applied) { try await flush() }
        try await storeRecovered()
        sweep(isHour: false)
    }

    /// On a full disk the states stay in memory, so that they can be read.
    private func storeRecovered() async throws {
        do {
            try await flush()
        } catch let error as StorageError where error.code == .full {
            statistics.failedFlushes.add(1, ordering: .relaxed)
            report(.flush, error)
        }
    }

    /// False when the log is at its end; true when changed states must be stored first.
    private func recoverPart(after applied: inout UInt64) throws -> Bool {
        var isFull = false
        var last = applied
        try log.scan(after: applied) { row in
            try apply(row)
            last = row.sequence
            lastSequence.raise(to: last)
            isFull = last % 1_024 == 0 && isDirtyCacheLarge
            return !isFull
        }
        applied = last
        return isFull
    }

    private func apply(_ row: AssayFeaturesV1.LogRow) throws {
        let set = active
        let cache = set.states
        guard let event = set.pipeline.resolved(row) else {
            statistics.skipped.add(1, ordering: .relaxed)
            return
        }
        let received = row.received.millisecondsSinceEpoch
        let entities = event.entities(set.definitions, tenant: row.tenant)
        try cache.holding(entities.map(\.key)) {
            for entity in entities {
                let cached = try state(entity, set, at: received, before: row.sequence)
                // One process writes, and gives out sequences in the order in which it applies
                // them to an entity: what is not above the highest is in the state.
                guard row.sequence > cached.state.highestSequence else { continue }
                cache.apply(
                    event.engineEvent, touches: entity.touches, sequence: row.sequence,
                    delivery: .again, to: cached)
            }
        }
        statistics.recovered.add(1, ordering: .relaxed)
    }
}
