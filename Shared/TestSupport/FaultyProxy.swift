public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A TCP proxy on a loopback port between a client and a server, which a test makes slow or deaf.
public final class FaultyProxy: Sendable {
    public enum Weather: Sendable, Hashable {
        case fair
        /// What the server sends arrives so much later.
        case slow(TimeAmount)
        /// Connections stay open, and nothing passes any more in either direction.
        case blackhole
    }

    private let weather = Mutex(Weather.fair)
    private let listener: any Channel
    private let server: Mutex<Int>

    public var port: Int { listener.localAddress?.port ?? 0 }

    /// Applies to what arrives from now on; what a blackhole swallowed is gone.
    public func set(_ weather: Weather) { self.weather.withLock { $0 = weather } }

    /// Connections from now on lead to another server; those that are there stay with theirs.
    public func lead(to port: Int) { server.withLock { $0 = port } }

    var now: Weather { weather.withLock { $0 } }

    public static func start(to port: Int, group: any EventLoopGroup) async throws -> FaultyProxy {
        let holder = Holder()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .childChannelInitializer { channel in
                guard let proxy = holder.proxy.withLock({ $0 }) else {
                    return channel.close()
                }
                return proxy.join(channel, to: proxy.server.withLock { $0 })
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = FaultyProxy(listener, to: port)
        holder.proxy.withLock { $0 = proxy }
        return proxy
    }

    private final class Holder: Sendable {
        let proxy = Mutex<FaultyProxy?>(nil)
    }

    private init(_ listener: any Channel, to port: Int) {
        self.listener = listener
        server = Mutex(port)
    }

    public func close() async {
        try? await listener.close().get()
    }

    /// Dials the server on the client's loop; what the client sends meanwhile waits for it.
    private func join(_ client: any Channel, to port: Int) -> EventLoopFuture<Void> {
        let server = ClientBootstrap(group: client.eventLoop)
            .channelInitializer { [self] server in
                server.eventLoop.makeCompletedFuture {
                    let peer = server.eventLoop.makeSucceededFuture(client)
                    try server.pipeline.syncOperations.addHandler(
                        ProxyPipe(self, to: peer, isReply: true))
                }
            }
            .connect(host: "127.0.0.1", port: port)
        server.whenFailure { _ in client.close(promise: nil) }
        return client.eventLoop.makeCompletedFuture { [self] in
            try client.pipeline.syncOperations.addHandler(
                ProxyPipe(self, to: server, isReply: false))
        }
    }
}

/// One direction of a proxied connection.
private final class ProxyPipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let proxy: FaultyProxy
    private let peer: EventLoopFuture<any Channel>
    private let isReply: Bool

    init(_ proxy: FaultyProxy, to peer: EventLoopFuture<any Channel>, isReply: Bool) {
        self.proxy = proxy
        self.peer = peer
        self.isReply = isReply
    }

    /// Bytes on their way, in their order, each with the time it may arrive.
    private var queue: [(due: NIODeadline, bytes: ByteBuffer)] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        var due = context.eventLoop.now
        switch proxy.now {
        case .blackhole: return
        case .slow(let delay) where isReply: due = due + delay
        case .fair, .slow: break
        }
        queue.append((max(due, queue.last?.due ?? due), bytes))
        if queue.count == 1 { deliver(on: context.eventLoop.assumeIsolated()) }
    }

    private func deliver(on loop: NIOIsolatedEventLoop) {
        while let first = queue.first {
            guard first.due <= .now() else {
                loop.scheduleTask(deadline: first.due) { self.deliver(on: loop) }
                return
            }
            peer.whenSuccess { $0.writeAndFlush(first.bytes, promise: nil) }
            queue.removeFirst()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Behind a blackhole not even the end of a connection is seen.
        if proxy.now != .blackhole { peer.whenSuccess { $0.close(promise: nil) } }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
