internal import RPC
internal import Synchronization

/// Who may connect to a server (rpc.md §12.2). When the process has as many connections, handshakes or
/// as much memory as it may, its listeners stop accepting, and callers wait in the kernel's queue; one
/// address with too many connections has further ones closed. The same if it is out of descriptors.
final class ConnectionAdmission: Sendable {
    private struct Connection {
        let address: String
        var isHandshaking: Bool
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var handshakes = 0
        var perAddress: [String: Int] = [:]
        /// Listeners that wait until they may accept again.
        var paused: [@Sendable () -> Void] = []
    }

    private let profile: RPCProfile
    private let state = Mutex(State())

    init(_ profile: RPCProfile) { self.profile = profile }

    /// Whether a listener may accept; if not, `resume` is called when it may.
    func mayAccept(else resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if hasRoom(state) { return true }
            state.paused.append(resume)
            return false
        }
    }

    /// Calls `resume` when a connection has ended, or something else may have given back what the
    /// process ran out of.
    func afterChange(_ resume: @escaping @Sendable () -> Void) {
        state.withLock { $0.paused.append(resume) }
    }

    private func hasRoom(_ state: State) -> Bool {
        state.connections.count < profile.maximumConnections
            && state.handshakes < profile.maximumHandshakes
            && profile.memory.level < .noConnections
    }

    /// Counts a connection. False if its address has too many: then it is not counted.
    func opened(_ id: ObjectIdentifier, from address: String, isTLS: Bool) -> Bool {
        state.withLock { state in
            if let most = profile.maximumConnectionsPerAddress {
                if state.perAddress[address, default: 0] >= most { return false }
                state.perAddress[address, default: 0] += 1
            }
            state.connections[id] = Connection(address: address, isHandshaking: isTLS)
            if isTLS { state.handshakes += 1 }
            return true
        }
    }

    func handshakeEnded(_ id: ObjectIdentifier) {
        change { state in
            guard state.connections[id]?.isHandshaking == true else { return }
            state.connections[id]?.isHandshaking = false
            state.handshakes -= 1
        }
    }

    func closed(_ id: ObjectIdentifier) {
        change { state in
            guard let connection = state.connections.removeValue(forKey: id) else { return }
            if connection.isHandshaking { state.handshakes -= 1 }
            guard let count = state.perAddress[connection.address] else { return }
            state.perAddress[connection.address] = count > 1 ? count - 1 : nil
        }
    }

    /// To be called when something else may have made room.
    func reconsider() { change { _ in } }

    private func change(_ body: (inout State) -> Void) {
        let resumed = state.withLock { state in
            body(&state)
            if state.paused.isEmpty || !hasRoom(state) { return [@Sendable () -> Void]() }
            defer { state.paused = [] }
            return state.paused
        }
        for resume in resumed { resume() }
    }
}
