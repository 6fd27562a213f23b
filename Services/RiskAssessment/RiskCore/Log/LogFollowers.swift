internal import Synchronization

/// Wakes those who read the log as it grows, once records are on the disk.
final class LogFollowers: Sendable {
    private struct State {
        var durable: UInt64
        var isClosed = false
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    private struct Waiter {
        var after: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private let state: Mutex<State>

    init(durable: UInt64) { state = Mutex(State(durable: durable)) }

    /// Sequence of the last record that is on the disk.
    var durable: UInt64 { state.withLock(\.durable) }

    /// Everything up to this sequence is on the disk.
    func reached(_ sequence: UInt64) {
        let woken = state.withLock { state -> [Waiter] in
            guard sequence > state.durable else { return [] }
            state.durable = sequence
            guard !state.waiters.isEmpty else { return [] }
            let ready = state.waiters.filter { $0.value.after < sequence }
            for id in ready.keys { state.waiters[id] = nil }
            return Array(ready.values)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// No more records will come: nobody waits for them.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Returns when a record behind `sequence` is on the disk, when there will be none, or when the
    /// task is cancelled. False: there will be none.
    func wait(after sequence: UInt64) async -> Bool {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.durable > sequence || state.isClosed || Task.isCancelled {
                        return true
                    }
                    state.waiters[id] = Waiter(after: sequence, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume()
        }
        return state.withLock { !$0.isClosed || $0.durable > sequence }
    }
}
