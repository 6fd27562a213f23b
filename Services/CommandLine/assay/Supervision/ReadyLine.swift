import Synchronization

/// Waits for `ready NAME rpc=PORT admin=PORT` on a service's standard output, or for its end.
final class ReadyLine: Sendable {
    enum Outcome: Sendable, Hashable {
        case ready(ServiceAddress)
        case ended(ChildProcess.End)
    }

    private struct State {
        var outcome: Outcome?
        var isCancelled = false
        var waiter: CheckedContinuation<Outcome?, Never>?
    }

    private let state = Mutex(State())

    func received(_ line: String) {
        if let address = Self.parse(line) { settle(.ready(address)) }
    }

    /// Too late to matter once the line was there.
    func processEnded(_ end: ChildProcess.End) {
        settle(.ended(end))
    }

    private func settle(_ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome?, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: outcome)
    }

    /// For one waiter.
    func outcome() async throws -> Outcome {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Outcome?? in
                    if state.outcome != nil || state.isCancelled { return .some(state.outcome) }
                    state.waiter = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isCancelled = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
        guard let outcome else { throw CancellationError() }
        return outcome
    }

    static func parse(_ line: String) -> ServiceAddress? {
        let words = line.split(separator: " ")
        guard words.count >= 4, words[0] == "ready", words[2].hasPrefix("rpc="),
            words[3].hasPrefix("admin="), let port = UInt16(words[2].dropFirst(4)),
            let admin = UInt16(words[3].dropFirst(6))
        else { return nil }
        return ServiceAddress(port: Int(port), admin: Int(admin))
    }
}
