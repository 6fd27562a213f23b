internal import Synchronization

/// Wakes those who wait for the registry's next change.
final class RegistryBell: Sendable {
    private struct State {
        var count: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
        var isEnded = false
    }

    private let state = Mutex(State())

    /// How often it has rung.
    var count: UInt64 { state.withLock { $0.count } }

    func ring() { wake { $0.count += 1 } }

    /// From now on nobody waits.
    func end() { wake { $0.isEnded = true } }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = [:] }
            return state.waiting
        }
        for waiter in waiting.values { waiter.resume() }
    }

    /// Waits until it has rung more often than that.
    ///
    /// - Returns: how often it has; nil once it has ended, or the task was cancelled.
    func wait(beyond known: UInt64) async -> UInt64? {
        let waiter = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.count > known || state.isEnded || Task.isCancelled { return true }
                    state.waiting[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume()
        }
        return state.withLock { $0.isEnded || Task.isCancelled ? nil : $0.count }
    }
}
