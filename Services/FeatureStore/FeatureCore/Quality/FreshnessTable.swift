internal import Synchronization

/// The newest row of each event type and snapshot.
final class FreshnessTable: Sendable {
    /// Milliseconds since 1970.
    struct Newest: Hashable, Sendable {
        /// Event time.
        var time: Int64
        /// When it came.
        var received: Int64
    }

    private struct Cell: ~Copyable {
        let time = Atomic<Int64>(.min)
        let received = Atomic<Int64>(.min)
    }

    private final class Row: Sendable {
        let cell = Cell()
    }

    private let rows: [Row]

    /// - Parameter types: how many event types there are.
    init(types: Int) { rows = (0..<types).map { _ in Row() } }

    func saw(type: Int, time: Int64, received: Int64) {
        guard rows.indices.contains(type) else { return }
        rows[type].cell.time.max(time, ordering: .relaxed)
        rows[type].cell.received.max(received, ordering: .relaxed)
    }

    /// Nil if no row of the type was seen.
    func newest(type: Int) -> Newest? {
        guard rows.indices.contains(type) else { return nil }
        let time = rows[type].cell.time.load(ordering: .relaxed)
        guard time != .min else { return nil }
        return Newest(time: time, received: rows[type].cell.received.load(ordering: .relaxed))
    }
}
