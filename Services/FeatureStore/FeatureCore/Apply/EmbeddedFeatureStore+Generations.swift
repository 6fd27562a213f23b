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
    func dropRetiredGenerations(now: Int64) throws {
        let due = register.state.withLock { state in
            state.row.retired.filter { $0.until.millisecondsSinceEpoch <= now }
        }
        for retired in due {
            try deleteGeneration(retired.generation)
            try register.state.withLock { state in
                var row = state.row
                row.retired.removeAll { $0.generation == retired.generation }
                try register.store(row)
                state.row = row
            }
            configuration.log(
                "dropped the states of the definitions \(retired.definitionSet.hexadecimal)")
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
    func deleteGeneration(_ generation: [UInt8]) throws {
        for family in [Family.state, .trail] {
            for tenant in try EntitySample.tenants(store, in: family) {
                let prefix = StorageKey.states(of: generation, tenant: tenant)
                try delete(.prefix(prefix), in: family)
            }
        }
        var batch = WriteBatch()
        batch.delete(StorageKey.applied(generation), in: .meta)
        try store.write(batch, sync: true)
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
