internal import Synchronization

/// How many calls of a client may be in flight, over all of its event loops.
package final class CircuitLimit: Sendable {
    package let limit: Int
    private let inFlight = Atomic(0)

    package init(_ limit: Int) { self.limit = limit }

    package var current: Int { inFlight.load(ordering: .relaxed) }

    /// Takes a place; `leave` must follow. False if there is none.
    package func enter() -> Bool {
        if inFlight.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    package func leave() { inFlight.wrappingSubtract(1, ordering: .relaxed) }
}
