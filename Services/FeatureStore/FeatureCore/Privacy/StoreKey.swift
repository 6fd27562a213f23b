internal import Crypto
internal import Storage

/// The master key of a store, and the proof that it is the one that the store was made with.
enum StoreKey {
    /// The key that is given; or the one that lies in the store, made when it is opened first.
    ///
    /// Throws if another key is given than the store was made with: with it, every entity would
    /// begin anew under another pseudonym.
    static func open(_ store: any KeyValueStore, given: MasterKey?) throws -> MasterKey {
        let known = try store.get(StorageKey.masterKey, in: .meta)
        let check = try store.get(StorageKey.keyCheck, in: .meta)
        guard let check else { return try make(in: store, given) }
        guard let key = given ?? known.flatMap(MasterKey.init(bytes:)) else {
            throw StorageError(
                .corrupt, "the store was made with a master key; say which with --master-key")
        }
        guard self.check(of: key) == check else {
            throw StorageError(
                .corrupt, "the master key is not the one that the store was made with")
        }
        return key
    }

    private static func make(
        in store: any KeyValueStore, _ given: MasterKey?
    ) throws -> MasterKey {
        let key = given ?? MasterKey.random()
        var batch = WriteBatch()
        if given == nil { batch.put(StorageKey.masterKey, key.bytes, in: .meta) }
        batch.put(StorageKey.keyCheck, check(of: key), in: .meta)
        try store.write(batch, sync: true)
        return key
    }

    /// Tells nothing of the key.
    static func check(of key: MasterKey) -> [UInt8] {
        key.derive("check", tenant: "").withUnsafeBytes { Array($0.prefix(16)) }
    }
}
