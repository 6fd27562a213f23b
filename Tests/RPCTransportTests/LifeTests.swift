import NIOCore
import NIOPosix
import RPC
import RPCTransport
import Testing
import Wire

@Suite("The life of connections")
struct LifeTests {
    @Test("nobody listens: UNAVAILABLE names the endpoint and the reason")
    func refused() async throws {
        let client = try RPCClient("127.0.0.1:1")
        let error = await #expect(throws: RPCError.self) {
            let _: EchoMessage = try await client.unary(EchoService.say, EchoMessage())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("connect to 127.0.0.1:1 failed") == true)
        #expect(error?.message.contains("refused") == true)
        await client.close()
    }

    @Test("a lost connection fails the calls in flight as UNAVAILABLE; the next call reconnects")
    func connectionLoss() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // A peer that reads the request and closes.
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CloseOnRequest())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let client = try RPCClient("127.0.0.1:\(port)")
        for _ in 0..<2 {
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(EchoService.custom, EchoMessage())
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("was lost") == true)
        }
        try await listener.close()
        let server = try await TestServer(port: port)
        let reply: EchoMessage = try await client.unary(
            EchoService.custom, EchoMessage(payload: [4]))
        #expect(reply.payload == [4])
        await server.stop(client)
        try await group.shutdownGracefully()
    }

    @Test("a connection lost at the client cancels the handler")
    func clientGone() async throws {
        let started = Gate()
        let cancelled = Gate()
        let service = EchoService { request, _ in
            started.open()
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        let server = try await TestServer(service)
        let raw = try await RawPeer(port: server.server.port)
        try await raw.send(RawPeer.preface + RawPeer.request(path: "/bench.v1.Echo/Custom"))
        await started.wait()
        try await raw.close()
        await cancelled.wait()
        await server.stop()
    }

    @Test("shutdown lets calls in flight finish, and refuses nothing that was sent before")
    func gracefulShutdown() async throws {
        let started = Gate()
        let finish = Gate()
        let service = EchoService { request, _ in
            started.open()
            await finish.wait()
            return request
        }
        let server = try await TestServer(service)
        let client = try RPCClient(server.target)
        let call = Task { () -> EchoMessage in
            try await client.unary(EchoService.custom, EchoMessage(payload: [8]))
        }
        await started.wait()
        let shutdown = Task { await server.server.shutdown(grace: .seconds(20)) }
        // The listener is gone before the call ends.
        while (try? await RawPeer(port: server.server.port)) != nil { await Task.yield() }
        finish.open()
        #expect(try await call.value.payload == [8])
        await shutdown.value
        #expect(server.server.connectionCount == 0)
        await server.stop(client)
    }

    @Test("what outlasts the grace gets UNAVAILABLE")
    func graceOver() async throws {
        let started = Gate()
        let cancelled = Gate()
        let service = EchoService { request, _ in
            started.open()
            await withTaskCancellationHandler {
                await cancelled.wait()
            } onCancel: {
                cancelled.open()
            }
            return request
        }
        let server = try await TestServer(service)
        let client = try RPCClient(server.target)
        let call = Task { () -> EchoMessage in
            try await client.unary(EchoService.custom, EchoMessage())
        }
        await started.wait()
        await server.server.shutdown(grace: .milliseconds(20))
        let error = await #expect(throws: RPCError.self) { try await call.value }
        #expect(error?.code == .unavailable)
        await cancelled.wait()
        await server.stop(client)
    }

    @Test("a closed client fails further calls")
    func closedClient() async throws {
        try await TestServer.run { client, _ in
            let _: EchoMessage = try await client.unary(EchoService.say, EchoMessage())
            await client.close()
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.unary(EchoService.say, EchoMessage())
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a target that is not host:port is refused")
    func badTargets() {
        for target in ["", "localhost", "localhost:0", "localhost:70000", ":80", "a:1,b"] {
            #expect(throws: RPCError.self, "\(target)") { try RPCClient(target) }
        }
    }
}

/// Says that it speaks HTTP/2, and closes the connection as soon as it has read more than a preface
/// and settings.
private final class CloseOnRequest: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var count = 0

    func channelActive(context: ChannelHandlerContext) {
        let settings = ByteBuffer(bytes: RawPeer.frame(4, 0, 0, []))
        context.writeAndFlush(wrapOutboundOut(settings), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count += unwrapInboundIn(data).readableBytes
        if count > 120 { context.close(promise: nil) }
    }
}
