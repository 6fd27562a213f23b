internal import Synchronization

/// The events that a store records while states are made for other definitions, for these too.
///
/// It is bounded, by how many there are and by their size: one that is not emptied in time takes no
/// more, and says so. What it lacks is in the log.
final class EventTail: Sendable {
    struct Recorded: Sendable {
        let scoring: Scoring
        let sequence: UInt64
        /// About what it holds in memory.
        let bytes: Int
    }

    private struct State {
        var events: [Recorded] = []
        var bytes = 0
        var isOverflown = false
    }

    private let maximumCount: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumCount: Int, maximumBytes: Int) {
        self.maximumCount = maximumCount
        self.maximumBytes = maximumBytes
    }

    var isOverflown: Bool { state.withLock(\.isOverflown) }

    /// Call while the entities of the event are held.
    ///
    /// - Parameter bytes: of the rows that were stored of it.
    func append(_ scoring: Scoring, sequence: UInt64, bytes: Int) {
        // As it came and as it was resolved.
        let bytes = 2 * bytes + 1_024
        state.withLock { state in
            guard !state.isOverflown else { return }
            guard state.events.count < maximumCount, state.bytes + bytes <= maximumBytes else {
                state.isOverflown = true
                state.events = []
                return
            }
            state.bytes += bytes
            state.events.append(Recorded(scoring: scoring, sequence: sequence, bytes: bytes))
        }
    }

    /// Takes the events up to a place in the log, ascending.
    func take(through sequence: UInt64) -> [Recorded] {
        state.withLock { state in
            let first = state.events.partition { $0.sequence <= sequence }
            let taken = state.events[first...].sorted { $0.sequence < $1.sequence }
            state.events.removeSubrange(first...)
            for one in taken { state.bytes -= one.bytes }
            return taken
        }
    }
}
