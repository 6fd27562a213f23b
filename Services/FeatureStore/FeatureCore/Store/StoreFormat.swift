internal import Storage

/// Tells whether this program reads what is in a store's directory.
enum StoreFormat {
    /// Marks a fresh directory; throws for one that another version wrote.
    static func check(_ store: any KeyValueStore) throws {
        switch try store.get(StorageKey.format, in: .meta) {
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
}
