internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Synchronization
internal import Wire

/// Reads the event log: what every state can be rebuilt from.
package struct EventLog: Sendable {
    let store: any KeyValueStore
    let pipeline: EventPipeline
    let vault: RowVault
    /// Steps of an entity that the store's trail lacks so far.
    var unsavedTrail: @Sendable (StateKey) -> [Trail.Step] = { _ in [] }
    /// Of the states whose trail it goes by.
    let generation: [UInt8]

    /// - Parameter generation: that of the pipeline's definitions if nil.
    init(
        store: any KeyValueStore, pipeline: EventPipeline, vault: RowVault,
        generation: [UInt8]? = nil,
        unsavedTrail: @escaping @Sendable (StateKey) -> [Trail.Step] = { _ in [] }
    ) {
        self.store = store
        self.pipeline = pipeline
        self.vault = vault
        self.unsavedTrail = unsavedTrail
        self.generation = generation ?? pipeline.definitions.generation
    }

    /// The highest sequence of the log; 0 if it is empty.
    func lastSequence() throws -> UInt64 {
        let last = try store.rows(.log, reversed: true, limit: 1).first
        return last.flatMap { StorageKey.sequence($0.key) } ?? 0
    }

    func row(_ sequence: UInt64) throws -> AssayFeaturesV1.LogRow? {
        guard let bytes = try store.get(StorageKey.log(sequence), in: .log) else { return nil }
        return try decode(bytes, sequence)
    }

    /// Visits the rows above `sequence`, ascending, until `body` returns false.
    func scan(
        after sequence: UInt64, _ body: (AssayFeaturesV1.LogRow) throws -> Bool
    ) throws {
        guard sequence < .max else { return }
        let range = KeyRange(from: StorageKey.log(sequence + 1))
        try store.scan(.log, range, reversed: false) { key, value in
            try body(decode(Array(value), StorageKey.sequence(key) ?? 0))
        }
    }

    /// Visits the event times of a tenant's rows up to a place in the log, in the order of the log.
    func scanTimes(
        of tenant: String, through last: UInt64,
        _ body: (_ milliseconds: Int64, _ sequence: UInt64) -> Void
    ) throws {
        try store.scan(.log, .all, reversed: false) { key, value in
            let sequence = StorageKey.sequence(key) ?? 0
            guard sequence <= last else { return false }
            let row = try stored(Array(value), sequence)
            if row.tenant == tenant { body(row.event.time.millisecondsSinceEpoch, sequence) }
            return true
        }
    }

    /// A row as it is stored: what is personal is sealed.
    private func stored(_ bytes: [UInt8], _ sequence: UInt64) throws -> AssayFeaturesV1.LogRow {
        do {
            return try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
        } catch {
            throw StorageError(.corrupt, "row \(sequence) of the event log: \(error)")
        }
    }

    /// A row with its personal fields, as far as their subjects are not erased.
    private func decode(_ bytes: [UInt8], _ sequence: UInt64) throws -> AssayFeaturesV1.LogRow {
        do {
            var row = try stored(bytes, sequence)
            do {
                try vault.open(&row)
            } catch PrivacyError.otherKey {
                // The fields stay away, as if they were erased: a row that cannot be opened is not
                // to stop whoever reads the log.
                vault.subjects.otherKeys.add(1, ordering: .relaxed)
            }
            return row
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.corrupt, "row \(sequence) of the event log: \(error)")
        }
    }

    /// When the newest row came, in milliseconds; nil if there is none that can be read.
    func newestReceived() throws -> Int64? {
        var newest: Int64?
        try store.scan(.log, .all, reversed: true) { _, value in
            newest = Self.received(Array(value))
            return newest == nil
        }
        return newest
    }

    /// When a row came, whether or not its personal fields can be read.
    private static func received(_ bytes: [UInt8]) -> Int64? {
        try? AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
            .received.millisecondsSinceEpoch
    }

    /// The first sequence of the rows that came at `time` or later, in milliseconds; one above the
    /// last if none did. Rows come in about the order of their sequences.
    func firstSequence(receivedFrom time: Int64) throws -> UInt64 {
        guard let first = try store.rows(.log, limit: 1).first,
            var low = StorageKey.sequence(first.key)
        else { return 0 }
        var high = try lastSequence() + 1
        while low < high {
            let middle = low + (high - low) / 2
            var found: (sequence: UInt64, received: Int64)?
            let range = KeyRange(from: StorageKey.log(middle))
            try store.scan(.log, range, reversed: false) { key, value in
                // One that is damaged tells nothing; the next one does.
                guard let received = Self.received(Array(value)) else { return true }
                found = (StorageKey.sequence(key) ?? 0, received)
                return false
            }
            guard let found, found.received < time else {
                high = middle
                continue
            }
            low = found.sequence + 1
        }
        return low
    }

    /// The state that the log gives an entity, up to and without `sequence`: the fold of the events
    /// of its present life.
    func rebuild(
        _ entity: EntityReference, from empty: FeatureState, life: StateLife,
        before sequence: UInt64
    ) throws -> FeatureState {
        var state = empty
        // What is not in the store's trail is in a state in memory, and that needs no rebuilding.
        for sequence in try trail(of: entity, before: sequence, limit: .max, []) {
            guard let row = try row(sequence), let event = pipeline.resolved(row) else { continue }
            if life.isOver(state, at: row.received.millisecondsSinceEpoch) { state = empty }
            for found in event.entities(pipeline.definitions, tenant: row.tenant)
            where found.key == entity.key {
                _ = state.apply(
                    event.engineEvent, touches: found.touches, sequence: sequence, delivery: .again)
            }
        }
        return state
    }

    /// The sequences of an entity's events, ascending, back to a gap in their versions: a new life
    /// began there. One may also have begun since, where its first event followed directly in the
    /// log; whoever folds the events finds out.
    ///
    /// - Parameter limit: only so many of the newest.
    func trail(
        of entity: EntityReference, before sequence: UInt64, limit: Int = .max
    ) throws -> [UInt64] {
        try trail(of: entity, before: sequence, limit: limit, unsavedTrail(entity.key))
    }

    /// - Parameter unsaved: steps behind those of the store, some of which it may have by now.
    private func trail(
        of entity: EntityReference, before sequence: UInt64, limit: Int, _ unsaved: [Trail.Step]
    ) throws -> [UInt64] {
        let name = pipeline.definitions.entities[entity.entity].name
        let prefix = StorageKey.trail(
            entity.key, tenant: entity.tenant, generation: generation, entity: name)
        var sequences: [UInt64] = []
        var next: UInt64?
        /// False at a gap, or when there are enough.
        func take(_ steps: [Trail.Step]) -> Bool {
            for step in steps.reversed() where step.sequence < sequence {
                if let next {
                    if step.version >= next { continue }
                    if step.version + 1 != next { return false }
                }
                next = step.version
                sequences.append(step.sequence)
                if sequences.count >= limit { return false }
            }
            return true
        }
        if take(unsaved) {
            try store.scan(.trail, .prefix(prefix), reversed: true) { key, value in
                guard let steps = Trail.steps(key, value) else {
                    throw StorageError(.corrupt, "a row of the trail of \(name)")
                }
                return take(steps)
            }
        }
        return sequences.reversed()
    }
}

extension DecodeLimits {
    /// For what this store wrote itself.
    static let stored = DecodeLimits(bytes: 1 << 20)
}
