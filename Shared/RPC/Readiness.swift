internal import Synchronization

/// Which services of a process take calls: what health checks answer, and what a drain ends first.
///
/// A service serves while the process does and nobody has said otherwise of the service. Safe from
/// any thread; a question costs one look-up.
public final class Readiness: Sendable {
    private struct State {
        var isProcessServing: Bool
        var isDraining = false
        /// By full name: whether the service serves while the process does.
        var services: [String: Bool] = [:]
        /// Those that wait for a change. A place without a continuation is about to wait.
        var waiters: [UInt64: UnsafeContinuation<Void, Never>?] = [:]
        var lastWaiter: UInt64 = 0

        func isServing(_ service: String) -> Bool? {
            let process = isProcessServing && !isDraining
            return service.isEmpty ? process : services[service].map { $0 && process }
        }

        mutating func takeWaiters() -> [UnsafeContinuation<Void, Never>] {
            let waiting = waiters.compactMap(\.value)
            waiters = waiters.filter { $0.value == nil }
            return waiting
        }
    }

    private let state: Mutex<State>

    /// - Parameter isServing: whether the process as a whole serves already.
    public init(isServing: Bool = true) {
        state = Mutex(State(isProcessServing: isServing))
    }

    // MARK: What is said

    /// Makes services known by their full names; they serve.
    public func add(_ services: [String]) {
        change { state in
            for service in services where state.services[service] == nil {
                state.services[service] = true
            }
        }
    }

    /// Whether one service serves, apart from the process.
    public func set(_ service: String, isServing: Bool) {
        precondition(!service.isEmpty, "the process as a whole has a function of its own")
        change { $0.services[service] = isServing }
    }

    /// Whether the process as a whole serves.
    public func setProcess(isServing: Bool) {
        change { $0.isProcessServing = isServing }
    }

    /// From now on nothing serves, whatever is said later: the process finishes what it has.
    public func startDraining() {
        change { $0.isDraining = true }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: What is asked

    /// Whether a service serves; nil if it is not known. The empty name is the process.
    public func isServing(_ service: String = "") -> Bool? {
        state.withLock { $0.isServing(service) }
    }

    public var isDraining: Bool { state.withLock(\.isDraining) }

    /// All that is known, the process under its empty name.
    public var all: [String: Bool] {
        state.withLock { state in
            var all = state.services.mapValues { $0 && state.isServing("") == true }
            all[""] = state.isServing("")
            return all
        }
    }

    /// Waits until the state of a service differs from `known`, and returns it. Throws if the task is
    /// cancelled first.
    public nonisolated(nonsending) func change(
        of service: String, from known: Bool?
    ) async throws(CancellationError) -> Bool? {
        while true {
            let current = isServing(service)
            if current != known { return current }
            if Task.isCancelled { throw CancellationError() }
            await nextChange(of: service, from: known)
        }
    }

    private nonisolated(nonsending) func nextChange(of service: String, from known: Bool?) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            state.waiters.updateValue(nil, forKey: state.lastWaiter)
            return state.lastWaiter
        }
        defer { state.withLock { _ = $0.waiters.removeValue(forKey: id) } }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let mayWait = state.withLock { state in
                    // Without its place it was cancelled.
                    guard state.waiters[id] != nil, state.isServing(service) == known else {
                        return false
                    }
                    state.waiters.updateValue(continuation, forKey: id)
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            (waiter ?? nil)?.resume()
        }
    }
}
