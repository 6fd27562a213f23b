internal import Synchronization

/// What the streams of one connection have unsent together. Over the limit every writer waits.
package final class OutputBudget: Sendable {
    private struct State {
        var unsent = 0
        /// Those whose writers wait because of this budget.
        var blocked: [MessageOutbox] = []
    }

    package let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes.
    package init(limit: Int = 1 << 20) { self.limit = limit }

    package var unsent: Int { state.withLock(\.unsent) }

    func add(_ count: Int) { state.withLock { $0.unsent += count } }

    /// Whether a writer has to wait; then its outbox is told when it no longer has to.
    func blocks(_ outbox: MessageOutbox) -> Bool {
        state.withLock { state in
            if state.unsent <= limit { return false }
            if !state.blocked.contains(where: { $0 === outbox }) { state.blocked.append(outbox) }
            return true
        }
    }

    func subtract(_ count: Int) {
        let released = state.withLock { state in
            state.unsent -= count
            if state.unsent > limit { return [MessageOutbox]() }
            defer { state.blocked = [] }
            return state.blocked
        }
        for outbox in released { outbox.reconsider() }
    }
}
