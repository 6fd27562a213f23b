internal import Synchronization

/// A store that can be closed and opened anew under those who hold it.
///
/// After a write that failed, a RocksDB takes no more of them until it is opened anew; what was in
/// doubt is decided then: a batch is there as a whole, or not at all. While it is closed, calls
/// fail with `.closed`.
public final class ReopenableStore: KeyValueStore {
    private let open: @Sendable () throws(StorageError) -> any KeyValueStore
    private let current: Mutex<any KeyValueStore>
    /// One at a time.
    private let isReopening = Mutex(false)

    /// - Parameter open: opens the store; called now, and again each time.
    public init(
        _ open: @escaping @Sendable () throws(StorageError) -> any KeyValueStore
    ) throws(StorageError) {
        self.open = open
        current = Mutex(try open())
    }

    private var store: any KeyValueStore { current.withLock { $0 } }

    /// Waits for calls in progress, closes the store, and opens it. If it cannot be opened it stays
    /// closed until a later call can.
    public func reopen() throws(StorageError) {
        let isMine = isReopening.withLock { isReopening in
            defer { isReopening = true }
            return !isReopening
        }
        guard isMine else { throw StorageError(.busy, "the store is being opened") }
        defer { isReopening.withLock { $0 = false } }
        store.close()
        let opened = try open()
        current.withLock { $0 = opened }
    }

    // MARK: KeyValueStore

    public func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    public func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        try store.write(batches, sync: sync)
    }

    public func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        try store.writeUnlogged(batch)
    }

    public func flush(_ families: [Family]) throws(StorageError) { try store.flush(families) }

    public func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(family, range, reversed: reversed, body)
    }

    public func discard(_ family: Family, below key: [UInt8]) throws(StorageError) {
        try store.discard(family, below: key)
    }

    public func compact(_ family: Family, _ range: KeyRange) throws(StorageError) {
        try store.compact(family, range)
    }

    public func close() { store.close() }
}
