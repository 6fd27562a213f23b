import ArgumentParser
import NIOPosix
import RPC
import RPCTransport

struct RawEcho: RequestHandler {
    func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        .accept(
            Acceptance(
                maximumBytes: 1 << 20, isFramed: true,
                deadline: Deadline(head.receivedAt + .seconds(5))))
    }
    func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        let body = request.copyBody()
        let type = request.head.contentType
        return .run { .message(type, framed: body) }
    }
}

@main
struct RPCBenchServer: AsyncParsableCommand {
    @Option var port = 0
    @Option var loops = 1
    func run() async throws {
        let server = RPCServer(
            listeners: [.plaintext(port: port)], handler: RawEcho(),
            group: MultiThreadedEventLoopGroup(numberOfThreads: loops))
        try await server.start()
        print("ready rpc-bench-server rpc=\(server.port)")
        try await server.run()
    }
}
