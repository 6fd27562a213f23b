internal import Storage

/// Brings batches to the level that receipts promise, in the order in which they are submitted.
final class RecordWriter: Sendable {
    private let store: any KeyValueStore
    /// Nil if batches are only handed to the operating system.
    private let commits: GroupCommit?

    init(_ store: any KeyValueStore, _ configuration: FeatureStoreConfiguration) {
        self.store = store
        commits =
            configuration.durability == .synced
            ? GroupCommit(store: store, interval: configuration.commitInterval) : nil
    }

    /// Puts a batch behind all those before it. Returns what is to be waited for; nil if the batch
    /// is where it shall be. When this throws, nothing of the batch is stored; when the wait does,
    /// it may be.
    func submit(_ batch: WriteBatch) throws(StorageError) -> GroupCommit.Commit? {
        if let commits { return try commits.submit(batch) }
        try store.write(batch, sync: false)
        return nil
    }

    func commit(_ batch: WriteBatch) async throws(StorageError) {
        try await submit(batch)?.wait()
    }

    /// Refuses new batches and waits for those submitted.
    func close() async { await commits?.close() }
}
