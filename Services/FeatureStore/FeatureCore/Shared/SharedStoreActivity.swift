public import Synchronization

/// What a server has done with the shared store, beside what became of events: counters that only
/// grow.
public final class SharedStoreActivity: Sendable {
    /// Events in the log that the keeper brings to their states: left after the reply, or before.
    public let leftOpen = Atomic<Int>(0)
    /// Writes that came after another server's.
    public let conflicts = Atomic<Int>(0)
    /// Events that replicas did not confirm in time.
    public let unreplicated = Atomic<Int>(0)
    /// Blobs that could not be decoded.
    public let damaged = Atomic<Int>(0)
    /// Hours of a vector whose statistics did not reach the log.
    public let lostStatistics = Atomic<Int>(0)
    /// Reads that may lack what the shared store has lost, and flagged so.
    public let doubted = Atomic<Int>(0)
    /// Blobs written for relaxed entities.
    public let gatheredWrites = Atomic<Int>(0)
    /// Events in those.
    public let gatheredEvents = Atomic<Int>(0)

    init() {}

    /// Every counter by its name, in a fixed order.
    public var counts: [(name: String, count: Int)] {
        [
            ("left_open", leftOpen.load(ordering: .relaxed)),
            ("conflicts", conflicts.load(ordering: .relaxed)),
            ("unreplicated", unreplicated.load(ordering: .relaxed)),
            ("damaged", damaged.load(ordering: .relaxed)),
            ("doubted", doubted.load(ordering: .relaxed)),
            ("lost_statistics", lostStatistics.load(ordering: .relaxed)),
            ("gathered_writes", gatheredWrites.load(ordering: .relaxed)),
            ("gathered_events", gatheredEvents.load(ordering: .relaxed)),
        ]
    }
}

extension Atomic<Int> {
    func count(_ number: Int = 1) { add(number, ordering: .relaxed) }
}
