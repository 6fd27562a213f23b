import Synchronization

/// Waits for `ready NAME rpc=PORT admin=PORT` on a service's standard output.
final class ReadyLine: Sendable {
    private struct State {
        var address: ServiceAddress?
        var waiter: CheckedContinuation<ServiceAddress?, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func received(_ line: String) {
        guard let address = Self.parse(line) else { return }
        let waiter = state.withLock { state in
            state.address = address
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: address)
    }

    func address() async throws -> ServiceAddress {
        let address = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> ServiceAddress?? in
                    if state.address != nil || state.isCancelled { return .some(state.address) }
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
        guard let address else { throw CancellationError() }
        return address
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
