internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Synchronization
internal import Wire

extension EmbeddedFeatureStore {
    /// Brings the states up to the log.
    func recover() async throws {
        try checkFormat()
        var applied = try meta(StorageKey.applied).flatMap { StorageKey.sequence($0) } ?? 0
        if try meta(StorageKey.generation) != cache.generation {
            // Other definitions: the states of these come from the whole log.
            try deleteStates()
            applied = 0
        }
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

    private func checkFormat() throws {
        switch try meta(StorageKey.format) {
        case StorageKey.formatVersion: return
        case nil:
            var batch = WriteBatch()
            batch.put(StorageKey.format, StorageKey.formatVersion, in: .meta)
            try store.write(batch, sync: true)
        case let other?:
            throw StorageError(
                .otherVersion,
                "the data folder has format \(String(decoding: other, as: UTF8.self)), this program"
                    + " reads \(String(decoding: StorageKey.formatVersion, as: UTF8.self)): use the"
                    + " version that wrote it, or move it away and start with an empty one")
        }
    }

    private func meta(_ key: [UInt8]) throws -> [UInt8]? { try store.get(key, in: .meta) }

    private func deleteStates() throws {
        while true {
            var batch = WriteBatch()
            for row in try store.rows(.state, limit: 10_000) { batch.delete(row.key, in: .state) }
            // Their versions are those of the states.
            for row in try store.rows(.trail, limit: 10_000) { batch.delete(row.key, in: .trail) }
            guard !batch.isEmpty else { break }
            try store.write(batch, sync: false)
        }
        var batch = WriteBatch()
        batch.delete(StorageKey.applied, in: .meta)
        try store.write(batch, sync: true)
    }
}
