internal import RPC
internal import Synchronization

/// Lets the changes of one chain run one after the other, in the order they came, while those of
/// different chains run side by side.
final class ChangeLanes: Sendable {
    /// Waiting changes, over all chains; more are refused.
    static let maximumWaiting = 1_024

    private struct State {
        /// Who waits behind the change that runs; a lane without a key is free.
        var lanes: [String: [CheckedContinuation<Bool, Never>]] = [:]
        var waiting = 0
    }

    private let state = Mutex(State())

    func run<Result: Sendable>(
        _ chain: String, _ body: () async throws -> Result
    ) async throws -> Result {
        guard await enter(chain) else {
            throw RPCError(.resourceExhausted, "too many changes of the registry are waiting")
        }
        defer { leave(chain) }
        return try await body()
    }

    private func enter(_ chain: String) async -> Bool {
        await withCheckedContinuation { turn in
            let isDecided: Bool? = state.withLock { state in
                guard state.lanes[chain] != nil else {
                    state.lanes[chain] = []
                    return true
                }
                guard state.waiting < Self.maximumWaiting else { return false }
                state.waiting += 1
                state.lanes[chain]?.append(turn)
                return nil
            }
            if let isDecided { turn.resume(returning: isDecided) }
        }
    }

    private func leave(_ chain: String) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard var queue = state.lanes[chain], !queue.isEmpty else {
                state.lanes[chain] = nil
                return nil
            }
            let next = queue.removeFirst()
            state.lanes[chain] = queue
            state.waiting -= 1
            return next
        }
        next?.resume(returning: true)
    }
}
