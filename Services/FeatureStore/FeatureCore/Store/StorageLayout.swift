internal import FeatureEngine
public import Storage

extension Family {
    /// Sequence → log row.
    static let log: Family = "log"
    /// Tenant, event id → sequence and content digest.
    static let ids: Family = "ids"
    /// Sequence → the reply that was given: in the order of writing, so that a row costs little to
    /// put and the oldest are one range.
    static let served: Family = "served"
    /// Tenant, generation, entity type, entity → blob.
    static let state: Family = "state"
    /// Tenant, generation, entity type, entity, version → sequence: one entity's events
    /// (``Trail``).
    static let trail: Family = "trail"
    /// Tenant, event id → an event kept aside.
    static let quarantine: Family = "quarantine"
    static let meta: Family = "meta"

    static let allOfFeatureStore: [Family] = [
        log, ids, served, state, trail, subject, erasure, audit, quarantine, StatisticsStore.family,
        definitions, meta,
    ]
}

extension EmbeddedFeatureStore {
    /// The families that a store must have.
    public static let families: [Family] = Family.allOfFeatureStore

    /// What suits these families.
    public static var storageOptions: RocksDBOptions {
        var options = RocksDBOptions()
        // Opening reads the write-ahead log again, so it is kept short.
        options.maximumLogBytes = 128 << 20
        // A round of blobs is one file: the fewer files, the less often all are merged.
        options.familyWriteBufferBytes[.state] = 96 << 20
        return options
    }
}

/// The keys of the feature store's rows. Those of `ids`, `state`, `trail` and `quarantine` start
/// with the tenant.
enum StorageKey {
    static let format: [UInt8] = Array("format".utf8)
    static let formatVersion: [UInt8] = Array("6".utf8)
    /// The master key of a store that was given none, and what tells that a key is the right one.
    static let masterKey: [UInt8] = Array("master_key".utf8)
    static let keyCheck: [UInt8] = Array("key_check".utf8)
    /// Up to where the stored states of a generation have the log.
    static func applied(_ generation: [UInt8]) -> [UInt8] { Array("applied ".utf8) + generation }

    /// Of `log` and `served`.
    static func log(_ sequence: UInt64) -> [UInt8] { bigEndian(sequence) }

    /// Of `ids` and `quarantine`.
    static func event(_ id: String, tenant: String) -> [UInt8] {
        inOnePiece(tenant.utf8.count + 17) { bytes in
            append(tenant, to: &bytes)
            bytes.append(contentsOf: Hash.sha256(id).prefix(16))
        }
    }

    static func state(
        _ key: StateKey, tenant: String, generation: [UInt8], entity: String
    ) -> [UInt8] {
        inOnePiece(tenant.utf8.count + generation.count + entity.utf8.count + 18) { bytes in
            append(tenant, to: &bytes)
            bytes.append(contentsOf: generation)
            append(entity, to: &bytes)
            append(key, to: &bytes)
        }
    }

    /// The beginning of all keys of a generation, in `state` and in `trail`.
    static func states(of generation: [UInt8], tenant: String) -> [UInt8] {
        prefix(tenant) + generation
    }

    static func states(of generation: [UInt8], tenant: String, entity: String) -> [UInt8] {
        prefix(tenant) + stateInfix(generation, entity: entity)
    }

    /// What stands between the tenant and the entity in the key of a state.
    static func stateInfix(_ generation: [UInt8], entity: String) -> [UInt8] {
        generation + prefix(entity)
    }

    static func stateInfix(ofKey key: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let tenant = key.first else { return nil }
        let infix = key.dropFirst(1 + Int(tenant)).dropLast(16)
        return infix.isEmpty ? nil : Array(infix)
    }

    /// All events of an entity: the beginning of their keys in `trail`.
    ///
    /// - Parameter generation: of the states whose versions these are.
    static func trail(
        _ key: StateKey, tenant: String, generation: [UInt8], entity: String
    ) -> [UInt8] {
        state(key, tenant: tenant, generation: generation, entity: entity)
    }

    static func trail(
        _ key: StateKey, tenant: String, generation: [UInt8], entity: String, version: UInt64
    ) -> [UInt8] {
        inOnePiece(tenant.utf8.count + generation.count + entity.utf8.count + 26) { bytes in
            append(tenant, to: &bytes)
            bytes.append(contentsOf: generation)
            append(entity, to: &bytes)
            append(key, to: &bytes)
            append(version, to: &bytes)
        }
    }

    static func bigEndian(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    static func sequence(_ bytes: some Collection<UInt8>) -> UInt64? {
        guard bytes.count == 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func prefix(_ text: String) -> [UInt8] {
        inOnePiece(text.utf8.count + 1) { append(text, to: &$0) }
    }

    // MARK: Pieces

    /// There are some for each entity of each event: a key is allocated once.
    static func inOnePiece(_ count: Int, _ fill: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        fill(&bytes)
        return bytes
    }

    /// The text behind its length, so that no key is the beginning of another's.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(clamping: text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    static func append(_ key: StateKey, to bytes: inout [UInt8]) {
        append(key.high, to: &bytes)
        append(key.low, to: &bytes)
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
