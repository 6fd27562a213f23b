internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Wire

/// One tenant's event log on the keeper's disk, in the families of the embedded store: what works on
/// the log of one works on that of the other.
struct KeptLog: Sendable {
    let tenant: String
    let store: any KeyValueStore
    let vault: RowVault
    let quarantine: Quarantine
    let servedByHour: StatisticsStore
    let retention: StoreRetention
    /// What training sets and explanations are made from.
    let eventLog: EventLog
    private let keys: TenantKeys
    private let statistics: KeeperStatistics

    init(
        tenant: String, store: any KeyValueStore, retention: StoreRetention,
        pipeline: EventPipeline,
        quarantineRows: Int, statistics: KeeperStatistics
    ) throws {
        self.tenant = tenant
        self.store = store
        self.retention = retention
        self.statistics = statistics
        keys = pipeline.keys
        vault = RowVault(
            pipeline.definitions, keys: keys, subjects: SubjectKeys(store: store, keys: keys))
        quarantine = try Quarantine(store: store, keys: keys, maximumRows: quarantineRows)
        servedByHour = StatisticsStore(store: store, run: UInt64.random(in: 1 ... .max))
        // Its trail is that of the events, not of states.
        eventLog = EventLog(store: store, pipeline: pipeline, vault: vault, generation: [])
    }

    /// Names the directory: given to it once.
    func identity(new: String) throws -> String {
        if let known = try store.get(Self.identityKey, in: .meta) {
            return String(decoding: known, as: UTF8.self)
        }
        var batch = WriteBatch()
        batch.put(Self.identityKey, Array(new.utf8), in: .meta)
        try store.write(batch, sync: true)
        return new
    }

    private static let identityKey = Array("keeper".utf8)

    // MARK: Draining

    /// The last stream id of a partition that is on the disk; nil before the first.
    func drained(_ partition: Int) throws -> [UInt8]? {
        try store.get(Self.drainedKey(partition), in: .meta)
    }

    private static func drainedKey(_ partition: Int) -> [UInt8] {
        Array("drained/\(partition)".utf8)
    }

    /// Brings entries of a partition to the disk, in their order, all of them or none.
    func take(_ entries: [StreamEntry], partition: Int) throws {
        guard let last = entries.last else { return }
        var batch = WriteBatch()
        var rows: [UInt64: AssayFeaturesV1.LogRow] = [:]
        var pending: [SubjectKeys.Pending] = []
        var served: [ServedHour] = []
        for entry in entries {
            do {
                switch entry.kind {
                case StreamEntry.event: try takeEvent(entry, partition, &rows, &batch, &pending)
                case StreamEntry.applied: try takeApplied(entry, &rows, &batch)
                case StreamEntry.quarantined: try takeQuarantined(entry)
                case StreamEntry.served: served.append(try ServedHour(decoding: entry.bytes))
                case StreamEntry.mark: break
                default: statistics.damaged.count()
                }
            } catch let error as StorageError {
                throw error
            } catch {
                // Not what a server writes: it stays in nobody's way, and is counted.
                statistics.damaged.count()
            }
        }
        for (sequence, row) in rows { batch.put(StorageKey.log(sequence), row.encoded(), in: .log) }
        try servedByHour.add(served, tenant: tenant, to: &batch)
        batch.put(Self.drainedKey(partition), last.id, in: .meta)
        try store.write(batch, sync: true)
        for pending in pending { vault.subjects.confirm(pending) }
    }

    private func takeEvent(
        _ entry: StreamEntry, _ partition: Int, _ rows: inout [UInt64: AssayFeaturesV1.LogRow],
        _ batch: inout WriteBatch, _ pending: inout [SubjectKeys.Pending]
    ) throws {
        guard let place = StreamPlace(entry.id, partition: partition) else {
            return statistics.damaged.count()
        }
        var row = try decode(entry.bytes)
        row.sequence = place.sequence
        rows[place.sequence] = row
        if let lost = try recordedSequence(row.event.id), lost != place.sequence {
            rows[lost] = nil
            try supersede(lost, &batch)
            statistics.disagreements.count()
        }
        var opened = row
        // One that an erasure has closed says what it says without its fields.
        try? vault.open(&opened)
        pending.append(vault.index(opened, &batch))
        batch.put(
            StorageKey.event(row.event.id, tenant: tenant),
            StorageKey.bigEndian(place.sequence)
                + keys.key(of: tenant).digest(of: opened.event.encoded()), in: .ids)
        statistics.drained.count()
    }

    /// Adds to an event's row what it made of its entities and which vectors were served with it.
    private func takeApplied(
        _ entry: StreamEntry, _ rows: inout [UInt64: AssayFeaturesV1.LogRow],
        _ batch: inout WriteBatch
    ) throws {
        let applied = try AssayFeaturesV1.AppliedRow(
            decoding: entry.bytes, door: .strict, limits: .stored)
        let sequence = applied.sequence
        guard var row = try rows[sequence] ?? sealedRow(sequence) else {
            return statistics.damaged.count()
        }
        if !applied.vectors.isEmpty { row.vectors = applied.vectors }
        let placed = row.entities
        row.entities = applied.entities
        for (index, entity) in row.entities.enumerated() where entity.version > 0 {
            guard let key = StateKey(bytes: entity.pid) else { continue }
            let known = placed.first { $0.entity == entity.entity && $0.pid == entity.pid }
            if let known, known.version > 0 {
                // Its state was built again, with another version of this event.
                row.entities[index].version = known.version
                continue
            }
            let trail = StorageKey.trail(
                key, tenant: tenant, generation: [], entity: entity.entity,
                version: entity.version)
            let place = StorageKey.bigEndian(sequence)
            if let other = try store.get(trail, in: .trail), other != place {
                statistics.disagreements.count()
                let stray = MadeVersion(sequence: sequence, version: entity.version)
                tear(key, entity.entity, stray, &batch)
                row.entities[index].version = 0
            } else {
                batch.put(trail, place, in: .trail)
            }
        }
        rows[sequence] = row
    }

    /// Each is a batch of its own, so that of two with one id the second finds the first.
    private func takeQuarantined(_ entry: StreamEntry) throws {
        let id = Array(entry.bytes.prefix(16))
        let bytes = try keys.key(of: tenant).open(Array(entry.bytes.dropFirst(16)), context: id)
        let row = try AssayFeaturesV1.QuarantineRow(
            decoding: bytes, door: .strict, limits: .stored)
        var batch = WriteBatch()
        guard row.tenant == tenant, try quarantine.add(row, isPromised: true, to: &batch) else {
            return statistics.damaged.count()
        }
        try store.write(batch, sync: true)
    }

    /// Lets rows go that are past their time.
    func sweep(now: Int64) throws {
        try retention.advance(eventLog, at: now, FeatureStoreConfiguration())
        try servedByHour.removeExpired(now: now / StatisticsRecorder.millisecondsPerHour)
    }

    // MARK: Subjects

    /// Those of the entries' subjects whose keys are not here yet.
    func unknownSubjects(_ entries: [StreamEntry]) throws -> Set<StateKey> {
        var subjects: Set<StateKey> = []
        for entry in entries where entry.kind == StreamEntry.event {
            guard let row = try? decode(entry.bytes) else { continue }
            subjects.formUnion(unknownSubjects(of: row))
        }
        return subjects
    }

    /// The subjects of a row's sealed fields that no key here opens.
    func unknownSubjects(of row: AssayFeaturesV1.LogRow) -> Set<StateKey> {
        var subjects: Set<StateKey> = []
        for sealed in row.sealed {
            guard let subject = StateKey(bytes: sealed.subject), subject != .nobody else {
                continue
            }
            // One that is damaged here may be whole there.
            let key = try? vault.subjects.key(
                of: subject, tenant: tenant, opening: sealed.fields)
            if key?.hasSealed(sealed.fields) != true { subjects.insert(subject) }
        }
        return subjects
    }

    /// The first key of each subject of rows, wrapped.
    func firstKeys(of sequences: some Sequence<UInt64>) throws -> [StateKey: [UInt8]] {
        var found: [StateKey: [UInt8]] = [:]
        for sequence in sequences {
            for sealed in (try? sealedRow(sequence))?.sealed ?? [] {
                guard let subject = StateKey(bytes: sealed.subject), found[subject] == nil,
                    let stored = try store.get(
                        StorageKey.subject(subject, tenant: tenant), in: .subject),
                    let first = SubjectKeys.wrapped(in: stored).first
                else { continue }
                found[subject] = first
            }
        }
        return found
    }

    /// Keys of one subject: each failover may make one.
    private static let maximumKeys = 64

    /// Keeps keys as the shared store has them, beside those that the subjects have here. One that
    /// does not open is none.
    func keep(_ wrapped: [StateKey: [UInt8]]) throws {
        guard !wrapped.isEmpty else { return }
        var batch = WriteBatch()
        for (subject, key) in wrapped {
            let here = (try? vault.subjects.all(of: subject, tenant: tenant)) ?? []
            guard let new = try? keys.key(of: tenant).unwrap(key, of: subject),
                here.count < Self.maximumKeys
            else {
                statistics.damaged.count()
                continue
            }
            guard !here.contains(where: { $0.bytes == new.bytes }) else { continue }
            let place = StorageKey.subject(subject, tenant: tenant)
            // What does not open makes room.
            let stored = try here.isEmpty ? [] : store.get(place, in: .subject) ?? []
            batch.put(place, stored + key, in: .subject)
        }
        try store.write(batch, sync: true)
    }

    // MARK: Events that refer to others

    /// Puts a row in the place of one that lacked the events it refers to.
    ///
    /// - Parameter entities: those of the row's own event.
    func complete(_ row: AssayFeaturesV1.LogRow, _ entities: [EntityReference]) throws {
        var (row, batch) = (row, WriteBatch())
        let pending = try vault.seal(&row, entities, &batch)
        batch.put(StorageKey.log(row.sequence), row.encoded(), in: .log)
        try store.write(batch, sync: true)
        vault.subjects.confirm(pending)
    }

    /// Takes an event out of the log, into the quarantine; false, and it stays, if there is no room.
    /// Until `forgetAside` its place tells the hash of its id.
    func setAside(
        _ row: AssayFeaturesV1.LogRow, _ place: StreamPlace, _ problems: [AssayFeaturesV1.Problem]
    ) throws -> Bool {
        var batch = WriteBatch()
        let aside = AssayFeaturesV1.QuarantineRow(
            tenant: tenant, event: row.event, received: row.received, problems: problems)
        guard try quarantine.add(aside, to: &batch) else { return false }
        batch.delete(StorageKey.log(place.sequence), in: .log)
        batch.delete(StorageKey.event(row.event.id, tenant: tenant), in: .ids)
        batch.put(
            Self.asideKey(place), Array(Hash.sha256(row.event.id).prefix(16)), in: .meta)
        try store.write(batch, sync: true)
        return true
    }

    func aside(_ place: StreamPlace) throws -> [UInt8]? {
        try store.get(Self.asideKey(place), in: .meta)
    }

    func forgetAside(_ place: StreamPlace) throws {
        var batch = WriteBatch()
        batch.delete(Self.asideKey(place), in: .meta)
        try store.write(batch, sync: false)
    }

    private static func asideKey(_ place: StreamPlace) -> [UInt8] {
        Array("aside/".utf8) + StorageKey.bigEndian(place.sequence)
    }

    // MARK: Reading

    /// A row with its personal fields, as far as their subjects are not erased.
    func row(_ sequence: UInt64) throws -> AssayFeaturesV1.LogRow? {
        try eventLog.row(sequence)
    }

    /// A row; nil also if it is damaged, which is counted: it is not to stop those who go through many.
    func readableRow(_ sequence: UInt64) throws -> AssayFeaturesV1.LogRow? {
        do {
            return try row(sequence)
        } catch let error as StorageError where error.code == .corrupt {
            statistics.damaged.count()
            return nil
        }
    }

    private func sealedRow(_ sequence: UInt64) throws -> AssayFeaturesV1.LogRow? {
        guard let bytes = try store.get(StorageKey.log(sequence), in: .log) else { return nil }
        do {
            return try decode(bytes)
        } catch {
            throw StorageError(.corrupt, "row \(sequence) of the event log: \(error)")
        }
    }

    private func decode(_ bytes: [UInt8]) throws -> AssayFeaturesV1.LogRow {
        try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
    }

    /// The event recorded under an id.
    func recorded(_ id: String) throws -> AssayFeaturesV1.LogRow? {
        try recordedSequence(id).flatMap(row)
    }

    private func recordedSequence(_ id: String) throws -> UInt64? {
        try store.get(StorageKey.event(id, tenant: tenant), in: .ids).flatMap {
            StorageKey.sequence($0.prefix(8))
        }
    }

    /// The entity's present life as the applied records tell it, ascending by version.
    func trail(
        of key: StateKey, entity: String
    ) throws -> [MadeVersion] {
        var found: [MadeVersion] = []
        try scanTrail(of: key, entity: entity) { made in
            found.append(made)
            return !made.isBirth
        }
        return found.reversed()
    }
}
