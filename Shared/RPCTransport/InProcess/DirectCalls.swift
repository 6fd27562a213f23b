internal import RPC
internal import Synchronization

/// The calls that a server has under way without a connection.
final class DirectCalls: Sendable {
    private struct State {
        var calls: [ObjectIdentifier: DirectCall] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    var isEmpty: Bool { state.withLock(\.calls.isEmpty) }

    /// False if no further call is taken.
    func begin(_ call: DirectCall) -> Bool {
        state.withLock { state in
            if state.isClosed { return false }
            state.calls[ObjectIdentifier(call)] = call
            return true
        }
    }

    /// A call is over; whether it was the last one.
    func ended(_ call: DirectCall) -> Bool {
        state.withLock { state in
            state.calls[ObjectIdentifier(call)] = nil
            return state.isClosed && state.calls.isEmpty
        }
    }

    /// No further calls.
    func close() { state.withLock { $0.isClosed = true } }

    /// Ends calls of a server that is going.
    func end(where isMeant: (DirectCall) -> Bool) {
        let error = RPCError(.unavailable, "the server is shutting down")
        for call in state.withLock({ Array($0.calls.values) }) where isMeant(call) {
            call.end(.failure(error))
        }
    }
}
