public import Synchronization

/// What a keeper has done: counters that only grow.
public final class KeeperStatistics: Sendable {
    /// Events taken from the shared store to the disk.
    public let drained = Atomic<Int>(0)
    /// Rows dropped from the shared store, since they are on the disk.
    public let trimmed = Atomic<Int>(0)
    /// Events that a server had left, and are now in all their states.
    public let finished = Atomic<Int>(0)
    /// Events whose states no longer knew whether they had them, decided by the log.
    public let uncertain = Atomic<Int>(0)
    /// Damaged blobs built again from the log.
    public let rebuilt = Atomic<Int>(0)
    /// States that lacked events after the shared store had lost writes, built again from the log.
    public let restored = Atomic<Int>(0)
    /// Versions that two events claim, and events recorded twice: the shared store has lost writes.
    public let disagreements = Atomic<Int>(0)
    /// Rows that are not what a server writes.
    public let damaged = Atomic<Int>(0)
    /// Rounds that the shared store ended with an error.
    public let failures = Atomic<Int>(0)
    /// Events that cannot be finished: their rows are gone, or a state of theirs cannot be read.
    public let stuck = Atomic<Int>(0)
    /// Rows that wait in the fullest partition.
    public let backlog = Atomic<Int>(0)
    /// Those of each partition, by its tenant.
    private let waiting = Mutex<[String: Int]>([:])

    init() {}

    /// So many rows wait in a partition: known also when the round fails later.
    func waits(_ rows: Int, in partition: Int, of tenant: String) {
        let most = waiting.withLock { waiting in
            waiting["\(partition) \(tenant)"] = rows
            return waiting.values.max() ?? 0
        }
        backlog.store(most, ordering: .relaxed)
    }

    /// Every counter by its name, in a fixed order.
    public var counts: [(name: String, count: Int)] {
        [
            ("drained", drained.load(ordering: .relaxed)),
            ("trimmed", trimmed.load(ordering: .relaxed)),
            ("finished", finished.load(ordering: .relaxed)),
            ("uncertain", uncertain.load(ordering: .relaxed)),
            ("rebuilt", rebuilt.load(ordering: .relaxed)),
            ("restored", restored.load(ordering: .relaxed)),
            ("disagreements", disagreements.load(ordering: .relaxed)),
            ("damaged", damaged.load(ordering: .relaxed)),
            ("failures", failures.load(ordering: .relaxed)),
        ]
    }
}
