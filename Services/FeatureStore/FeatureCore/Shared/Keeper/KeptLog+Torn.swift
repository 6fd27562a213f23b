internal import AssayMessages
internal import FeatureEngine
internal import Storage

/// An entity whose state in the shared store is not what the log says.
struct TornEntity {
    let name: String
    /// Events that made versions which the log gives to others.
    var strays: [MadeVersion] = []
}

/// What the shared store has lost shows in the log: two events made one version of an entity, an event
/// came again under its id as if it were new, a life began while another was not over. Such entities
/// are marked, on the disk, until their states are built again.
extension KeptLog {
    private static let mark = Array("torn/".utf8)

    private static func mark(_ key: StateKey, _ sequence: UInt64) -> [UInt8] {
        mark + key.bytes + StorageKey.bigEndian(sequence)
    }

    /// Marks an entity, and keeps the event that made a version which another has.
    func tear(_ key: StateKey, _ name: String, _ stray: MadeVersion?, _ batch: inout WriteBatch) {
        batch.put(
            Self.mark(key, stray?.sequence ?? 0),
            StorageKey.bigEndian(stray?.version ?? 0) + name.utf8, in: .meta)
    }

    func tear(_ entities: [StateKey: String]) throws {
        guard !entities.isEmpty else { return }
        var batch = WriteBatch()
        for (key, name) in entities { tear(key, name, nil, &batch) }
        try store.write(batch, sync: true)
    }

    /// All entities that are marked.
    func torn() throws -> [StateKey: TornEntity] {
        var found: [StateKey: TornEntity] = [:]
        try store.scan(.meta, .prefix(Self.mark), reversed: false) { key, value in
            let place = key.dropFirst(Self.mark.count)
            guard let entity = StateKey(bytes: place.prefix(16)),
                let sequence = StorageKey.sequence(place.dropFirst(16)),
                let version = StorageKey.sequence(value.prefix(8))
            else { throw StorageError(.corrupt, "a mark of a torn entity") }
            let name = String(decoding: value.dropFirst(8), as: UTF8.self)
            if sequence > 0 {
                found[entity, default: TornEntity(name: name)].strays.append(
                    MadeVersion(sequence: sequence, version: version))
            } else if found[entity] == nil {
                found[entity] = TornEntity(name: name)
            }
            return true
        }
        return found
    }

    /// Gives an entity's events the versions that its state was built with, and removes its marks.
    func mend(
        _ key: StateKey, _ torn: TornEntity, before: [MadeVersion], after: [MadeVersion]
    ) throws {
        var batch = WriteBatch()
        let known = Set(before)
        let made = Set(after)
        for old in before where !made.contains(old) {
            batch.delete(
                StorageKey.trail(
                    key, tenant: tenant, generation: [], entity: torn.name, version: old.version),
                in: .trail)
        }
        for new in after where !known.contains(new) {
            batch.put(
                StorageKey.trail(
                    key, tenant: tenant, generation: [], entity: torn.name, version: new.version),
                StorageKey.bigEndian(new.sequence), in: .trail)
            try change(new.sequence, &batch) { row in
                for index in row.entities.indices
                where row.entities[index].entity == torn.name
                    && row.entities[index].pid == key.bytes
                {
                    row.entities[index].version = new.version
                }
            }
        }
        batch.delete(Self.mark(key, 0), in: .meta)
        for stray in torn.strays { batch.delete(Self.mark(key, stray.sequence), in: .meta) }
        try store.write(batch, sync: true)
    }

    /// Takes out an event that the shared store has lost and was given again since, under another
    /// sequence.
    func supersede(_ sequence: UInt64, _ batch: inout WriteBatch) throws {
        guard let bytes = try store.get(StorageKey.log(sequence), in: .log) else { return }
        let row = try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
        for entity in row.entities {
            guard let key = StateKey(bytes: entity.pid) else { continue }
            if entity.version > 0 {
                batch.delete(
                    StorageKey.trail(
                        key, tenant: tenant, generation: [], entity: entity.entity,
                        version: entity.version),
                    in: .trail)
            }
            tear(key, entity.entity, nil, &batch)
        }
        batch.delete(StorageKey.log(sequence), in: .log)
    }

    private func change(
        _ sequence: UInt64, _ batch: inout WriteBatch,
        _ body: (inout AssayFeaturesV1.LogRow) -> Void
    ) throws {
        guard let bytes = try store.get(StorageKey.log(sequence), in: .log) else { return }
        var row = try AssayFeaturesV1.LogRow(decoding: bytes, door: .strict, limits: .stored)
        body(&row)
        batch.put(StorageKey.log(sequence), row.encoded(), in: .log)
    }

    // MARK: Reading

    /// Whether an event's row must have come to the disk by now.
    func hasTaken(_ sequence: UInt64) throws -> Bool {
        let place = StreamPlace(sequence: sequence)
        let drained = try drained(place.partition).flatMap {
            StreamPlace($0, partition: place.partition)
        }
        return drained.map { sequence <= $0.sequence } ?? false
    }

    /// The highest sequence on the disk; 0 if there is none.
    func newest() throws -> UInt64 {
        var newest: UInt64 = 0
        try store.scan(.log, .all, reversed: true) { key, _ in
            newest = StorageKey.sequence(key) ?? 0
            return false
        }
        return newest
    }

    /// The events of a span of the log that still stand there.
    func sequences(_ span: ClosedRange<UInt64>) throws -> [UInt64] {
        var found: [UInt64] = []
        try store.scan(.log, .all, reversed: true) { key, _ in
            guard let sequence = StorageKey.sequence(key), sequence >= span.lowerBound else {
                return false
            }
            if sequence <= span.upperBound { found.append(sequence) }
            return true
        }
        return found.reversed()
    }

    /// What the records say of an entity, newest version first, until `body` returns false.
    func scanTrail(
        of key: StateKey, entity: String, _ body: (MadeVersion) throws -> Bool
    ) throws {
        let prefix = StorageKey.trail(key, tenant: tenant, generation: [], entity: entity)
        try store.scan(.trail, .prefix(prefix), reversed: true) { key, value in
            guard let version = StorageKey.sequence(key.suffix(8)),
                let sequence = StorageKey.sequence(value)
            else { throw StorageError(.corrupt, "a row of the trail of \(entity)") }
            return try body(MadeVersion(sequence: sequence, version: version))
        }
    }
}

extension MadeVersion {
    /// A life begins with a version that is its event's sequence.
    var isBirth: Bool { version == sequence }
    /// When the event got its place in the log, by the shared store's clock.
    var milliseconds: Int64 { Int64(StreamPlace(sequence: sequence).milliseconds) }
}
