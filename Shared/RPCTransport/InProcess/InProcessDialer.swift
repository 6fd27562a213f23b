internal import NIOCore
internal import RPC

/// Connects to whoever serves on a transport.
struct InProcessDialer: Dialer {
    let transport: InProcessTransport

    func dial(_ attempt: ConnectAttempt) {
        let connection = attempt.candidate()
        let server = transport.server
        let loop = attempt.loop.eventLoop
        let (near, far) = InProcessLink.pair(loop, server?.loopForConnection ?? loop)
        near.attach(connection)
        near.whenAnswered = { [unowned near] isAccepted in
            guard isAccepted else {
                attempt.failed(RPCError(.unavailable, "nobody serves in this process"))
                return near.close()
            }
            attempt.chose(connection)
            near.openBoth()
        }
        far.eventLoop.execute {
            if let server { server.accept(far) } else { far.answer(isAccepted: false) }
        }
    }
}
