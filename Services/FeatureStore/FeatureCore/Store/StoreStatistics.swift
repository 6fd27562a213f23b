public import Synchronization

/// What a store has done since it was opened: counters that only grow.
public final class StoreStatistics: Sendable {
    public let applied = Atomic<Int>(0)
    public let duplicates = Atomic<Int>(0)
    public let conflicts = Atomic<Int>(0)
    public let quarantined = Atomic<Int>(0)
    public let rejected = Atomic<Int>(0)
    /// Events of the quarantine that were corrected and recorded.
    public let released = Atomic<Int>(0)
    /// Events that could not be stored.
    public let notRecorded = Atomic<Int>(0)
    /// Events of the log applied again when the store was opened.
    public let recovered = Atomic<Int>(0)
    /// Events of the log whose type is no longer defined.
    public let skipped = Atomic<Int>(0)
    /// States that were damaged and rebuilt from the log.
    public let rebuilt = Atomic<Int>(0)

    /// Rounds of storing states that a full disk ended.
    public let failedFlushes = Atomic<Int>(0)

    init() {}

    /// Every counter by its name, in a fixed order.
    public var outcomes: [(name: String, count: Int)] {
        [
            ("applied", applied.load(ordering: .relaxed)),
            ("duplicate", duplicates.load(ordering: .relaxed)),
            ("conflict", conflicts.load(ordering: .relaxed)),
            ("quarantined", quarantined.load(ordering: .relaxed)),
            ("rejected", rejected.load(ordering: .relaxed)),
            ("released", released.load(ordering: .relaxed)),
            ("not_recorded", notRecorded.load(ordering: .relaxed)),
            ("recovered", recovered.load(ordering: .relaxed)),
            ("skipped", skipped.load(ordering: .relaxed)),
            ("rebuilt", rebuilt.load(ordering: .relaxed)),
        ]
    }

}
