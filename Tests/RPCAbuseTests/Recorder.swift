import RPC
import Synchronization

/// Keeps what a server tells of its peers, and lets a test wait for it.
final class Recorder: ConnectionObserver {
    private struct State {
        var events: [String: Int] = [:]
        var waiters: [(name: String, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    func misbehaved(_ event: String, action: MisbehaviourAction, peer: Peer) {
        note("\(event) \(action)")
    }

    func goAway(_ direction: GoAwayDirection, reason: String, peer: Peer) {
        note("goaway \(direction) \(reason)")
    }

    private func note(_ name: String) {
        let ready = state.withLock { state in
            state.events[name, default: 0] += 1
            let ready = state.waiters.filter { $0.name == name }
            state.waiters.removeAll { $0.name == name }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// How often something was told: "early_reset counted", "goaway sent shutdown".
    subscript(_ name: String) -> Int { state.withLock { $0.events[name] ?? 0 } }

    /// Waits until something is told after this call.
    func next(_ name: String, after start: () async throws -> Void) async rethrows {
        let before = self[name]
        try await start()
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.events[name] ?? 0 > before { return true }
                state.waiters.append((name, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
