import NIOPosix
import RPC
import RPCTransport
import Synchronization
import TLS

/// A service behind the gateway that answers everything with an empty message, after a while if it is
/// told to, and counts.
final class StandIn: RequestHandler {
    private let patience: Duration
    private let calls = Atomic(0)
    private let held = Atomic(false)

    /// - Parameter patience: Before each reply.
    init(patience: Duration = .zero) { self.patience = patience }

    var count: Int { calls.load(ordering: .relaxed) }

    /// While held, it answers nothing.
    func hold(_ isHeld: Bool) { held.store(isHeld, ordering: .relaxed) }
    private var isHeld: Bool { held.load(ordering: .relaxed) }

    func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        .accept(
            Acceptance(
                maximumBytes: 1 << 20, isFramed: head.contentType.isGRPC,
                deadline: Deadline(head.receivedAt + .seconds(60))))
    }

    func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        // Health is not served: clients then take every endpoint that they can reach.
        let isHealth = request.head.target.hasPrefix("/grpc.")
        var reply = RawReply(
            status: 200, headers: ["content-type": "application/grpc"], body: [0, 0, 0, 0, 0],
            trailers: ["grpc-status": "0"])
        if isHealth { (reply.body, reply.trailers) = ([], ["grpc-status": "12"]) }
        let ready = reply
        if isHealth || patience == .zero && !isHeld {
            if !isHealth { calls.add(1, ordering: .relaxed) }
            return .reply(.raw(ready))
        }
        return .run {
            self.calls.add(1, ordering: .relaxed)
            try? await Task.sleep(for: self.patience)
            while self.isHeld { try? await Task.sleep(for: .milliseconds(5)) }
            return .raw(ready)
        }
    }
}

/// A `StandIn` on a free port of loopback.
final class StandInServer: Sendable {
    let service: StandIn
    private let server: RPCServer
    private let running: Task<Void, any Error>

    /// - Parameter tls: Nil for plaintext.
    init(patience: Duration = .zero, tls: TLSContext? = nil) async throws {
        let service = StandIn(patience: patience)
        self.service = service
        let server = RPCServer(
            listeners: [
                tls.map { .tls(host: "127.0.0.1", port: 0, context: $0) } ?? .plaintext(port: 0)
            ], handler: service,
            group: MultiThreadedEventLoopGroup.singleton)
        self.server = server
        try await server.start()
        running = Task { try await server.run() }
    }

    var port: Int { server.port }

    func stop() async {
        await server.shutdown(DrainTimes(endpointDelay: .zero, grace: .zero))
        _ = try? await running.value
    }
}
