internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

/// Erases a subject from a store: its states, what names it in the log, and at last its key.
///
/// Every step may be done again: after a crash, or when an old copy of the store was restored, the
/// same request begins anew and finds less to do. Times, amounts and the hashes that other
/// entities' counts need stay, so that features of others do not change.
struct Erasure {
    /// What was erased so far.
    struct Counts: Hashable {
        var entities: UInt64 = 0
        var states: UInt64 = 0
        var rows: UInt64 = 0
        var fields: UInt64 = 0
        var replies: UInt64 = 0
        var quarantined: UInt64 = 0
        var keys: UInt64 = 0
        /// Entities that others use too.
        var shared: UInt64 = 0
    }

    /// An entity of the subject.
    struct Entity: Hashable {
        let type: String
        let key: StateKey

        /// As they follow the subject in a key.
        var bytes: [UInt8] { [UInt8(clamping: type.utf8.count)] + type.utf8 + key.bytes }

        init(type: String, key: StateKey) {
            self.type = type
            self.key = key
        }

        init?(_ bytes: [UInt8]) {
            guard let count = bytes.first, count > 0, bytes.count == 1 + Int(count) + 16,
                let type = String(validating: bytes[1...Int(count)], as: UTF8.self),
                let key = StateKey(bytes: bytes.suffix(16))
            else { return nil }
            self.init(type: type, key: key)
        }
    }

    static let rowsPerBatch = 256

    let store: any KeyValueStore
    let tenant: String
    let subject: StateKey
    /// Of the states whose trails lead to the rows.
    let generation: [UInt8]
    private(set) var counts = Counts()

    init(
        of subject: StateKey, tenant: String, generation: [UInt8], in store: any KeyValueStore
    ) {
        self.generation = generation
        self.store = store
        self.tenant = tenant
        self.subject = subject
    }

    /// The subject's entities, itself among them once it was seen.
    func entities() throws -> [Entity] {
        let prefix = StorageKey.subject(subject, tenant: tenant)
        var entities: [Entity] = []
        try store.scan(.subject, .prefix(prefix), reversed: false) { key, _ in
            if let entity = Entity(Array(key.dropFirst(prefix.count))) {
                entities.append(entity)
            }
            return true
        }
        return entities
    }

    /// Whether somebody else uses an entity too: a row of its trail names it as another's.
    func isShared(_ entity: Entity, _ vault: RowVault) throws -> Bool {
        guard entity.key != subject else { return false }
        var isShared = false
        let trail = StorageKey.trail(
            entity.key, tenant: tenant, generation: generation, entity: entity.type)
        try store.scan(.trail, .prefix(trail), reversed: true) { _, steps in
            guard let sequences = Trail.sequences(steps) else {
                throw StorageError(.corrupt, "a row of the trail of \(entity.type)")
            }
            for sequence in sequences where !isShared {
                guard let row = try row(sequence) else { continue }
                isShared = self.isShared(entity, row, vault)
            }
            return !isShared
        }
        return isShared
    }

    /// The same of an entity whose trail other definitions have.
    func isShared(_ entity: Entity, in set: ActiveDefinitions) throws -> Bool {
        guard entity.key != subject, let type = set.definitions.entity(named: entity.type) else {
            return false
        }
        let reference = EntityReference(
            tenant: tenant, entity: type, role: "", key: entity.key, touches: 0)
        return try set.log.trail(of: reference, before: .max).contains { sequence in
            guard let row = try set.log.row(sequence) else { return false }
            return isShared(entity, row, set.vault)
        }
    }

    private func isShared(
        _ entity: Entity, _ row: AssayFeaturesV1.LogRow, _ vault: RowVault
    ) -> Bool {
        vault.owned(row).contains {
            $0.entity == entity.key && $0.subject != subject && $0.subject != entity.key
        }
    }

    // MARK: The log

    /// Takes an entity out of its log rows, and those out of its trail.
    ///
    /// - Parameter erased: the pseudonyms of all of the subject's entities.
    mutating func eraseRows(of entity: Entity, erased: Set<StateKey>) throws {
        let trail = StorageKey.trail(
            entity.key, tenant: tenant, generation: generation, entity: entity.type)
        while true {
            let steps = try store.rows(.trail, .prefix(trail), limit: Self.rowsPerBatch)
            guard !steps.isEmpty else { return }
            var batch = WriteBatch()
            for step in steps {
                for sequence in Trail.sequences(step.value) ?? [] {
                    try eraseRow(sequence, erased, &batch)
                }
                batch.delete(step.key, in: .trail)
            }
            try store.write(batch, sync: true)
        }
    }

    /// Takes the subject's entities out of rows that no trail leads to.
    mutating func eraseRows(at sequences: [UInt64], erased: Set<StateKey>) throws {
        var batch = WriteBatch()
        for sequence in sequences { try eraseRow(sequence, erased, &batch) }
        if !batch.isEmpty { try store.write(batch, sync: true) }
    }

    private mutating func eraseRow(
        _ sequence: UInt64, _ erased: Set<StateKey>, _ batch: inout WriteBatch
    ) throws {
        let place = StorageKey.log(sequence)
        guard var row = try row(sequence) else { return }
        var isChanged = false
        for index in row.entities.indices
        where StateKey(bytes: row.entities[index].pid).map(erased.contains) ?? false {
            row.entities[index].pid = []
            isChanged = true
        }
        // A place in the list is part of the nonce: what is erased leaves an empty one.
        for index in row.sealed.indices
        where StateKey(bytes: row.sealed[index].subject).map(erased.contains) ?? false {
            row.sealed[index] = AssayFeaturesV1.SealedFields()
            counts.fields += 1
            isChanged = true
        }
        // It was reached through another entity of the subject already.
        guard isChanged else { return }
        batch.put(place, row.encoded(), in: .log)
        counts.rows += 1
        if try store.get(place, in: .served) != nil {
            batch.delete(place, in: .served)
            counts.replies += 1
        }
    }

    /// A row as it is stored.
    private func row(_ sequence: UInt64) throws -> AssayFeaturesV1.LogRow? {
        guard let bytes = try store.get(StorageKey.log(sequence), in: .log) else { return nil }
        do {
            return try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
        } catch {
            throw StorageError(.corrupt, "row \(sequence) of the event log: \(error)")
        }
    }

    // MARK: The end

    /// The rows of the keys to be destroyed: what copies of the store still hold under them is
    /// closed for ever.
    ///
    /// - Parameters:
    ///   - entities: those that go with the subject, itself among them.
    ///   - shared: those that others use too: they are only no longer the subject's.
    mutating func endOfKeys(of entities: [Entity], shared: [Entity]) throws -> WriteBatch {
        var batch = WriteBatch()
        for entity in Set(entities.map(\.key)).union([subject]) {
            let place = StorageKey.subject(entity, tenant: tenant)
            guard try store.get(place, in: .subject) != nil else { continue }
            batch.delete(place, in: .subject)
            counts.keys += 1
        }
        for entity in entities + shared {
            batch.delete(
                StorageKey.subject(
                    subject, tenant: tenant, type: entity.type, entity: entity.key), in: .subject)
        }
        for entity in entities {
            // Before its customer was known the entity was its own subject.
            batch.delete(
                StorageKey.subject(
                    entity.key, tenant: tenant, type: entity.type, entity: entity.key),
                in: .subject)
        }
        counts.entities = UInt64(entities.count)
        counts.shared = UInt64(shared.count)
        return batch
    }

    /// Rewrites the files where the subject's keys, states, trails and events kept aside were, so that
    /// no file of the store has them any more: with its key whatever else was sealed under it is
    /// closed, in earlier versions of log rows as in copies of the store.
    ///
    /// - Parameters:
    ///   - generations: all that there may be states and trails of.
    ///   - families: all of the store's.
    func rewriteFiles(
        of entities: [Entity], generations: Set<[UInt8]>, families: [Family]
    ) throws {
        for subject in Set(entities.map(\.key)).union([subject]).sorted() {
            try store.compact(.subject, .prefix(StorageKey.subject(subject, tenant: tenant)))
        }
        for entity in entities {
            for generation in generations {
                let state = StorageKey.state(
                    entity.key, tenant: tenant, generation: generation, entity: entity.type)
                let trail = StorageKey.trail(
                    entity.key, tenant: tenant, generation: generation, entity: entity.type)
                try store.compact(.state, .prefix(state))
                try store.compact(.trail, .prefix(trail))
            }
        }
        if counts.quarantined > 0 {
            try store.compact(.quarantine, QuarantineKey.all(of: tenant))
        }
        // The write-ahead log has all of this too. It goes once every family has stored its part, as
        // it does before it is compacted; nothing is below the least key, so that is all it does.
        for family in families { try store.compact(family, KeyRange(to: [0])) }
    }

    mutating func count(states: Int, quarantined: Int) {
        counts.states += UInt64(states)
        counts.quarantined += UInt64(quarantined)
    }
}
