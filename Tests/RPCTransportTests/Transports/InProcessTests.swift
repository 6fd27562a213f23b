import NIOPosix
import RPC
import RPCTransport
import Testing

@Suite("What only a transport within the process has", .serialized)
struct InProcessTests {
    @Test("a server may listen on a socket and within the process at once")
    func both() async throws {
        let links = InProcessTransport.Mode.allCases.map(InProcessTransport.init)
        let server = RPCServer(
            listeners: [.plaintext(port: 0)] + links.map { .inProcess($0) },
            services: [EchoService()])
        try await server.start()
        #expect(server.ports.count == 1)
        let socket = try RPCClient("127.0.0.1:\(server.port)")
        let clients: [any ClientTransport] = [socket] + links.map { $0.client() }
        for client in clients {
            let reply: EchoMessage = try await client.unary(
                EchoService.say, EchoMessage(payload: [3]))
            #expect(reply.payload == [3])
        }
        await server.shutdown(grace: .zero)
    }

    @Test("a connection waits for its place, across event loops")
    func room() async throws {
        let groups = (0..<2).map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        var profile = RPCProfile.mesh
        profile.maximumConnections = 1
        let link = InProcessTransport(.encoded)
        let server = RPCServer(
            listeners: [.inProcess(link)], services: [EchoService()], profile: profile)
        try await server.start()
        let waiting = Gate()
        var first: (any ClientTransport)? = link.client(group: groups[0])
        let _: EchoMessage? = try await first?.unary(EchoService.say, EchoMessage())
        let second = Task {
            waiting.open()
            let client = link.client(group: groups[1])
            let reply: EchoMessage = try await client.unary(
                EchoService.say, EchoMessage(payload: [2]))
            return reply.payload
        }
        await waiting.wait()
        #expect(server.connectionCount == 1)
        first = nil
        let payload = try await second.value
        #expect(payload == [2])
        await server.shutdown(grace: .zero)
        #expect(server.connectionCount == 0)
        for group in groups { try await group.shutdownGracefully() }
    }

    @Test("a handler that decodes nothing is kept from messages over its limit")
    func rawHandler() async throws {
        for mode in InProcessTransport.Mode.allCases {
            let link = InProcessTransport(mode)
            let server = RPCServer(listeners: [.inProcess(link)], handler: Mirror())
            try await server.start()
            let client = link.client()
            let reply: EchoMessage = try await client.unary(
                EchoService.say, EchoMessage(payload: [1]))
            #expect(reply.payload == [1])
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(
                    EchoService.say, EchoMessage(payload: Array(repeating: 1, count: 50)))
            }
            #expect(error?.reason == "MESSAGE_TOO_LARGE")
            await server.shutdown(grace: .zero)
        }
    }

    @Test("a server that is run, and not started, serves until it is shut down")
    func run() async throws {
        for mode in InProcessTransport.Mode.allCases {
            let link = InProcessTransport(mode)
            let server = RPCServer(listeners: [.inProcess(link)], services: [EchoService()])
            let running = Task { try await server.run() }
            let client = link.client()
            while true {
                let reply: EchoMessage? = try? await client.unary(
                    EchoService.say, EchoMessage(payload: [1]),
                    options: CallOptions(waitsForReady: true))
                if reply?.payload == [1] { break }
            }
            await server.shutdown(grace: .zero)
            try await running.value
        }
    }
}

/// Answers every request with itself, up to ten bytes.
private struct Mirror: RequestHandler {
    func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        .accept(Acceptance(maximumBytes: 10, isFramed: true, deadline: .none))
    }

    func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        .reply(
            .raw(
                RawReply(
                    status: 200, headers: ["content-type": "application/grpc+assay"],
                    body: request.copyBody(), trailers: ["grpc-status": "0"])))
    }
}
