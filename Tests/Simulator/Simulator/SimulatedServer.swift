package import HTTP2
internal import RPC
internal import RPCTransport

/// A server's process: accepts connections with the real machine until it is killed or drained.
package final class SimulatedServer {
    package let address: String
    private let handler: any RequestHandler
    private let telemetry: ServerTelemetry
    private let context: LoopContext
    private let network: SimulatedNetwork
    package var profile: HTTP2Profile
    private(set) var isUp = true
    /// How often it was started.
    private(set) var life = 1
    private(set) var isDraining = false

    init(
        _ address: String, handler: any RequestHandler, profile: HTTP2Profile,
        telemetry: ServerTelemetry, context: LoopContext, network: SimulatedNetwork
    ) {
        self.address = address
        self.handler = handler
        self.profile = profile
        self.telemetry = telemetry
        self.context = context
        self.network = network
    }

    /// Nil if nobody listens.
    func accept() -> ServerConnection? {
        guard isUp, !isDraining else { return nil }
        return ServerConnection(
            handler: handler, profile: profile, telemetry: telemetry, loop: context)
    }

    /// SIGKILL: everything that it holds is gone at once.
    func kill() {
        isUp = false
        for connection in network.connections(to: address) { connection.lostServer() }
    }

    func start() {
        isUp = true
        isDraining = false
        life += 1
    }

    /// The orderly end of all connections, and of the process when its grace is over.
    func drain(grace: UInt64) {
        guard isUp, !isDraining else { return }
        isDraining = true
        let (leaving, life) = (network.connections(to: address), life)
        for connection in leaving { connection.server?.beginDrain() }
        network.loop.after(grace * 2 / 3) {
            for connection in leaving { connection.server?.endStreams() }
        }
        network.loop.after(grace) {
            for connection in leaving { connection.server?.endNow() }
        }
        network.loop.after(grace + 1_000_000_000) {
            if self.isDraining, self.life == life { self.isUp = false }
        }
    }
}
