import NIOCore
import NIOPosix
import Redis
import Testing

@Suite("A hostile server")
struct HostileServerTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Answers whatever comes with fixed bytes; nil answers nothing, empty closes.
    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let answer: String?

        init(_ answer: String?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let answer else { return }
            if answer.isEmpty { return context.close(promise: nil) }
            context.writeAndFlush(NIOAny(ByteBuffer(string: answer)), promise: nil)
        }
    }

    private func reply(to answer: String?, timeout: TimeAmount = .seconds(20)) async throws
        -> RedisValue
    {
        let server = try await ServerBootstrap(group: Self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        var configuration = RedisConnection.Configuration(
            host: "127.0.0.1", port: server.localAddress?.port ?? 0)
        configuration.commandTimeout = timeout
        let connection = try await RedisConnection.connect(configuration, on: Self.group.next())
        defer { Task { await connection.close() } }
        return try await connection.send(RedisCommand("PING"))
    }

    @Test(
        "what is not RESP fails the call and ends the connection",
        arguments: ["HTTP/1.1 400\r\n\r\n", "*2147483647\r\n", "*1025\r\n", "\u{0}\r\n"])
    func garbage(answer: String) async throws {
        let error = await #expect(throws: RedisError.self) { try await reply(to: answer) }
        #expect(error?.code == .protocolViolation)
    }

    @Test("a reply that nobody asked for ends the connection, after the one that was asked for")
    func unsolicited() async throws {
        #expect(try await reply(to: "+PONG\r\n+EXTRA\r\n") == .status("PONG"))
    }

    @Test("a connection closed instead of a reply is connectionLost")
    func closes() async throws {
        let error = await #expect(throws: RedisError.self) { try await reply(to: "") }
        #expect(error?.code == .connectionLost)
    }

    @Test("a reply that does not come is a timeout")
    func silence() async throws {
        let error = await #expect(throws: RedisError.self) {
            try await reply(to: nil, timeout: .milliseconds(20))
        }
        #expect(error?.code == .timeout)
    }

    @Test("half a reply is a timeout too")
    func half() async throws {
        let error = await #expect(throws: RedisError.self) {
            try await reply(to: "$10\r\nabc", timeout: .milliseconds(20))
        }
        #expect(error?.code == .timeout)
    }
}
