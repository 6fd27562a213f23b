import NIOCore
import NIOPosix

/// A server that answers the nth request on a connection with the nth piece of a script, whatever it
/// was, and closes the connection when the script says so.
final class ScriptedServer {
    enum Reply: Sendable {
        /// Bytes for the stream of the request, which the closure is given.
        case send(@Sendable (UInt32) -> [UInt8])
        /// The same, and then the connection is lost.
        case sendAndClose(@Sendable (UInt32) -> [UInt8])
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: any Channel

    init(_ script: [Reply]) async throws {
        listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var target: String { "127.0.0.1:\(listener.localAddress?.port ?? 0)" }

    func stop() async throws {
        try await listener.close()
        try await group.shutdownGracefully()
    }

    /// Response headers, and trailers with a status.
    static func headers(_ stream: UInt32) -> [UInt8] {
        let fields = [(":status", "200"), ("content-type", "application/grpc+assay")]
        return RawPeer.frame(1, 4, stream, RawPeer.block(fields))
    }

    static func trailers(_ stream: UInt32, status: Int) -> [UInt8] {
        RawPeer.frame(1, 5, stream, RawPeer.block([("grpc-status", String(status))]))
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var script: [Reply]
        private var input: [UInt8] = []
        private var hasPreface = false

        init(_ script: [Reply]) { self.script = script.reversed() }

        func channelActive(context: ChannelHandlerContext) {
            write(RawPeer.frame(4, 0, 0, []), context)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            input += unwrapInboundIn(data).readableBytesView
            if !hasPreface {
                guard input.count >= 24 else { return }
                input.removeFirst(24)
                hasPreface = true
            }
            while input.count >= 9 {
                let length = Int(input[0]) << 16 | Int(input[1]) << 8 | Int(input[2])
                guard input.count >= 9 + length else { return }
                let stream = input[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                if input[3] == 1 { answer(stream, context) }
                input.removeFirst(9 + length)
            }
        }

        private func answer(_ stream: UInt32, _ context: ChannelHandlerContext) {
            switch script.popLast() {
            case .send(let bytes): write(bytes(stream), context)
            case .sendAndClose(let bytes):
                write(bytes(stream), context)
                context.close(promise: nil)
            case nil: break
            }
        }

        private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
    }
}
