package import RPC

/// Opens the connections of a client: over sockets, or within the process.
package protocol Dialer: Sendable {
    /// Begins to connect to the attempt's endpoint; on the attempt's loop, which hears how it goes.
    func dial(_ attempt: ConnectAttempt)
}

/// A connection that is not ready yet: for a name with several addresses a race of several.
package final class ConnectAttempt: LoopContext.TimerTarget {
    private let owner: ClientEndpoint
    var candidates: [ClientConnection] = []
    /// One connection has won.
    var isChosen = false
    var timer: LoopContext.Timer?

    init(owner: ClientEndpoint) { self.owner = owner }

    package var loop: LoopContext { owner.loop }
    /// Where to connect to.
    package var endpoint: Endpoint { owner.endpoint }
    var timeout: Duration { owner.connectTimeout }

    /// A connection for one of the addresses.
    package func candidate() -> ClientConnection { owner.candidate(of: self) }

    /// This connection has won.
    package func chose(_ connection: ClientConnection) { owner.chose(connection, self) }

    /// No address could be reached.
    package func failed(_ error: any Error) { owner.failed(self, error) }

    func timerFired() {
        timer = nil
        failed(RPCError(.unavailable, "no answer within 2 s"))
        close()
    }

    func close() {
        for candidate in candidates { candidate.close() }
    }
}
