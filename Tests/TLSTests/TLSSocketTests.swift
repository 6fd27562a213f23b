import NIOCore
import NIOPosix
import TLS
import Testing

@Suite("Over real sockets")
struct TLSSocketTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.write(data, promise: nil)
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            context.flush()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    /// Sends bytes once the handshake is done and completes with the first `expected` bytes that come back.
    private final class Sender: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let bytes: ByteBuffer
        private let promise: EventLoopPromise<ByteBuffer>
        private var received = ByteBuffer()

        init(_ bytes: ByteBuffer, _ promise: EventLoopPromise<ByteBuffer>) {
            self.bytes = bytes
            self.promise = promise
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event is TLSHandshakeCompleted else { return }
            // In uneven pieces, some of them flushed together.
            var rest = bytes
            var size = 1
            while let piece = rest.readSlice(length: min(size, rest.readableBytes)),
                piece.readableBytes > 0
            {
                context.write(wrapOutboundOut(piece), promise: nil)
                if size.isMultiple(of: 2) { context.flush() }
                size = (size * 3 + 1) % 50_000 + 1
            }
            context.flush()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var part = unwrapInboundIn(data)
            received.writeBuffer(&part)
            if received.readableBytes >= bytes.readableBytes { promise.succeed(received) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(ChannelError.eof)
        }
    }

    private func serve(_ context: TLSContext) async throws -> any Channel {
        try await ServerBootstrap(group: Self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([TLSHandler(context: context), Echo()])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private func exchange(
        _ bytes: ByteBuffer, with server: any Channel, _ context: TLSContext
    ) async throws -> ByteBuffer {
        let loop = Self.group.next()
        let promise = loop.makePromise(of: ByteBuffer.self)
        let address = try #require(server.localAddress)
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([TLSHandler(context: context), Sender(bytes, promise)])
                }
            }
            .connect(to: address).get()
        let echoed = try await promise.futureResult.get()
        try? await channel.close()
        return echoed
    }

    @Test("megabytes come back as they were sent, through full socket buffers")
    func large() async throws {
        let server = try await serve(Credentials.meshServer())
        var generator = SeededGenerator(state: 7)
        var bytes = ByteBuffer()
        for _ in 0..<(1 << 19) { bytes.writeInteger(generator.next()) }
        let echoed = try await exchange(bytes, with: server, Credentials.meshClient())
        #expect(echoed == bytes)
        try await server.close()
    }

    @Test("many connections at once each get their own bytes")
    func many() async throws {
        let server = try await serve(Credentials.meshServer())
        let context = try Credentials.meshClient()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<64 {
                group.addTask {
                    let bytes = ByteBuffer(repeating: UInt8(index), count: 1000 + index)
                    return try await exchange(bytes, with: server, context) == bytes
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
        try await server.close()
    }

    @Test("a refused client's call fails with the server's alert, and the server goes on")
    func refused() async throws {
        let server = try await serve(Credentials.meshServer(accepting: ["assay-gateway"]))
        for _ in 0..<10 {
            await #expect(throws: (any Error).self) {
                try await exchange(ByteBuffer(string: "x"), with: server, Credentials.meshClient())
            }
        }
        try await server.close()
    }

    @Test("clients that come with garbage or leave in the handshake do not disturb the others")
    func rude() async throws {
        let server = try await serve(Credentials.meshServer())
        let address = try #require(server.localAddress)
        for index in 0..<50 {
            let channel = try await ClientBootstrap(group: Self.group).connect(to: address).get()
            if index.isMultiple(of: 2) {
                try? await channel.writeAndFlush(ByteBuffer(repeating: UInt8(index), count: 600))
            }
            try? await channel.close()
        }
        let bytes = ByteBuffer(string: "still here")
        #expect(try await exchange(bytes, with: server, Credentials.meshClient()) == bytes)
        try await server.close()
    }
}
