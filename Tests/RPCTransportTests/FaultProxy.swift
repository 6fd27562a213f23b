import NIOCore
import NIOPosix
import Synchronization

@testable import RPCTransport

/// A TCP relay on loopback that can cut every connection at once, as a process that is killed does.
final class FaultProxy: Sendable {
    let port: Int
    private let listener: any Channel
    private let accepted: Accepted
    private let group: MultiThreadedEventLoopGroup

    /// Relays to a port of loopback.
    init(to target: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let accepted = Accepted()
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                accepted.channels.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Front(target))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        self.port = port
        self.group = group
        self.accepted = accepted
    }

    private final class Accepted: Sendable {
        let channels = Mutex<[any Channel]>([])
    }

    /// No new connections, and the end of all that are open.
    func cut() async {
        try? await listener.close()
        for channel in accepted.channels.withLock(\.self) { try? await channel.close() }
    }

    func stop() async {
        await cut()
        try? await group.shutdownGracefully()
    }

    /// The client's side: connects to the target, and passes on what comes.
    private final class Front: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let target: Int
        private var back: (any Channel)?
        private var waiting: [ByteBuffer] = []

        init(_ target: Int) { self.target = target }

        func channelActive(context: ChannelHandlerContext) {
            let front = context.channel
            let confined = LoopConfined(self)
            ClientBootstrap(group: context.eventLoop)
                .channelInitializer { back in
                    back.eventLoop.makeCompletedFuture {
                        try back.pipeline.syncOperations.addHandler(Back(front))
                    }
                }
                .connect(host: "127.0.0.1", port: target)
                .whenComplete { result in
                    guard let back = try? result.get() else { return front.close(promise: nil) }
                    confined.value.connected(back)
                }
        }

        private func connected(_ back: any Channel) {
            self.back = back
            for buffer in waiting { back.writeAndFlush(buffer, promise: nil) }
            waiting = []
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            if let back { back.writeAndFlush(buffer, promise: nil) } else { waiting.append(buffer) }
        }

        func channelInactive(context: ChannelHandlerContext) { back?.close(promise: nil) }
    }

    /// The server's side.
    private final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let front: any Channel

        init(_ front: any Channel) { self.front = front }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            front.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { front.close(promise: nil) }
    }
}
