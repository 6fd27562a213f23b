internal import Synchronization

/// The events that a store records while states are made for other definitions, for these too.
///
/// It is bounded: one that is not emptied in time takes no more, and says so. What it lacks is in
/// the log.
final class EventTail: Sendable {
    struct Recorded: Sendable {
        let scoring: Scoring
        let sequence: UInt64
    }

    private struct State {
        var events: [Recorded] = []
        var isOverflown = false
    }

    private let maximumCount: Int
    private let state = Mutex(State())

    init(maximumCount: Int) { self.maximumCount = maximumCount }

    var isOverflown: Bool { state.withLock(\.isOverflown) }

    /// Call while the entities of the event are held.
    func append(_ scoring: Scoring, sequence: UInt64) {
        state.withLock { state in
            guard !state.isOverflown else { return }
            guard state.events.count < maximumCount else {
                state.isOverflown = true
                state.events = []
                return
            }
            state.events.append(Recorded(scoring: scoring, sequence: sequence))
        }
    }

    /// Takes the events up to a place in the log, ascending.
    func take(through sequence: UInt64) -> [Recorded] {
        state.withLock { state in
            let first = state.events.partition { $0.sequence <= sequence }
            let taken = state.events[first...].sorted { $0.sequence < $1.sequence }
            state.events.removeSubrange(first...)
            return taken
        }
    }
}
