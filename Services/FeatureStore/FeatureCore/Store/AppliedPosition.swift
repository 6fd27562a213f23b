internal import Synchronization

/// The place in the log up to which the events are in the states of one generation: that of the
/// last event for those in use, one that is held elsewhere for others.
final class AppliedPosition: Sendable {
    private let last: SequenceCounter
    private let limit: Atomic<UInt64>

    init(_ last: SequenceCounter, heldAt limit: UInt64 = .max) {
        self.last = last
        self.limit = Atomic(limit)
    }

    var value: UInt64 { min(limit.load(ordering: .acquiring), last.value) }

    func hold(at sequence: UInt64) { limit.store(sequence, ordering: .releasing) }

    /// Goes with the last event from here on.
    func release() { limit.store(.max, ordering: .releasing) }
}
