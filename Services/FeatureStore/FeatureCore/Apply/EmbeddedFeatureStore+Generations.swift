internal import AssayMessages
internal import Storage
internal import Wire

extension EmbeddedFeatureStore {
    /// Replaces the definitions in force by what `change` makes of them, unless they are the same.
    ///
    /// All entities are held: an event that was looked at under those before has its place in the
    /// log by then, and each that gets one later goes by those after, to their tail if they have one.
    func exchange(_ change: (ActiveDefinitions) -> ActiveDefinitions) {
        register.state.withLock { _ in
            let before = active
            let after = change(before)
            guard after !== before else { return }
            before.states.holdingAll { definitionsInForce.replace(with: after) }
        }
    }

    /// How far states of other definitions are, as numbers with their names; 0 if there never were any.
    public var backfillGauges: [(name: String, help: String, value: UInt64)] {
        let backfill = definitionStatus.backfill
        return [
            (
                "phase", "1 replaying, 2 following, 3 comparing, 4 done, 5 stopped.",
                UInt64(clamping: backfill?.phase.number ?? 0)
            ),
            ("replayed_sequence", "Place in the log that it has come to.", backfill?.replayed ?? 0),
            ("last_sequence", "End of the log.", backfill?.lastSequence ?? 0),
            ("compared_values", "Values found equal in both states.", backfill?.values ?? 0),
        ]
    }

    /// Drops generations that are not gone back to any more.
    func dropRetiredGenerations(now: Int64) {
        register.state.withLock { state in
            let due = state.row.retired.filter { $0.until.millisecondsSinceEpoch <= now }
            for retired in due { state.doomed[retired.generation] = .waiting }
            state.row.retired.removeAll { due.contains($0) }
        }
        dropDoomedGenerations()
    }

    /// Deletes the generations that nothing is kept of. What cannot be deleted now is later, or when
    /// the store is opened again.
    func dropDoomedGenerations() {
        do {
            while let generation = try nextDoomed() {
                do {
                    try deleteGeneration(generation)
                } catch {
                    register.state.withLock { $0.doomed[generation] = .waiting }
                    throw error
                }
                register.state.withLock { $0.doomed[generation] = nil }
                configuration.log("dropped the states of generation \(generation.hexadecimal)")
            }
        } catch {
            configuration.log("states of other definitions are not deleted so far: \(error)")
        }
    }

    private func nextDoomed() throws(StorageError) -> [UInt8]? {
        try register.state.withLock { state throws(StorageError) in
            guard !state.isSwitching,
                let next = state.doomed.first(where: { $0.value == .waiting })?.key
            else { return nil }
            // The row no longer counts on it: after a crash half of it is not taken for all.
            try register.store(state.row)
            state.doomed[next] = .underWay
            return next
        }
    }

    /// Deletes all generations that are neither in use nor kept.
    func dropStrayGenerations() throws {
        let row = register.state.withLock { $0.row }
        var kept = Set(row.retired.map(\.generation)).union([active.generation])
        if let backfill = row.backfill, backfill.isUnderWay {
            kept.insert(
                try DefinitionStart.compiled(backfill.definitionSet, register.archive).generation)
        }
        let prefix = StorageKey.applied([])
        for place in try store.rows(.meta, .prefix(prefix), limit: 1_000) {
            let generation = Array(place.key.dropFirst(prefix.count))
            if !kept.contains(generation) { try deleteGeneration(generation) }
        }
    }

    /// Deletes the states and trails of a generation, and last what says that it is there.
    ///
    /// Until then that says 0: no event is in what is left.
    func deleteGeneration(_ generation: [UInt8]) throws {
        var begun = WriteBatch()
        begun.put(StorageKey.applied(generation), StorageKey.log(0), in: .meta)
        try store.write(begun, sync: true)
        try deleteRows(of: generation)
        var batch = WriteBatch()
        batch.delete(StorageKey.applied(generation), in: .meta)
        try store.write(batch, sync: true)
    }

    func deleteRows(of generation: [UInt8]) throws {
        for family in [Family.state, .trail] {
            for tenant in try EntitySample.tenants(store, in: family) {
                let prefix = StorageKey.states(of: generation, tenant: tenant)
                try delete(.prefix(prefix), in: family)
            }
        }
    }

    private func delete(_ range: KeyRange, in family: Family) throws {
        while true {
            var batch = WriteBatch()
            try store.scan(family, range, reversed: false) { key, _ in
                batch.delete(Array(key), in: family)
                return batch.count < 4_096
            }
            guard !batch.isEmpty else { return }
            try store.write(batch, sync: false)
        }
    }
}
