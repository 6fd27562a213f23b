import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A TCP relay on loopback that treats what passes as a bad network does.
final class FaultyRelay: Sendable {
    enum End: Sendable, CaseIterable {
        /// As when the machine has gone: RST.
        case reset
        /// As when the process ends in order: FIN.
        case close
    }

    /// What becomes of the bytes of each connection.
    struct Plan: Sendable {
        /// After so many bytes from the client the connection ends.
        var bytesUp: Int?
        /// After so many bytes from the server it does.
        var bytesDown: Int?
        var end = End.close
        /// Each byte goes in a segment of its own.
        var isTrickling = false
        /// Bytes per second from the server; nil for as many as come.
        var rateDown: Int?
        /// What the server sends is lost.
        var losesReplies = false
    }

    let port: Int
    private let listener: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let shared: Shared

    final class Shared: Sendable {
        let plan: Mutex<Plan>
        let up = Atomic(0)
        let down = Atomic(0)
        let channels = Mutex<[any Channel]>([])
        init(_ plan: Plan) { self.plan = Mutex(plan) }
    }

    /// Relays to a port of loopback.
    init(to target: Int, _ plan: Plan = Plan()) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let shared = Shared(plan)
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { front in
                shared.channels.withLock { $0.append(front) }
                return front.eventLoop.makeCompletedFuture {
                    try front.pipeline.syncOperations.addHandler(Front(target, shared))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        self.port = port
        self.group = group
        self.shared = shared
    }

    var target: String { "127.0.0.1:\(port)" }
    var bytesUp: Int { shared.up.load(ordering: .relaxed) }
    var bytesDown: Int { shared.down.load(ordering: .relaxed) }

    /// From now on, for open connections too.
    func change(_ body: (inout Plan) -> Void) { shared.plan.withLock { body(&$0) } }

    func stop() async {
        try? await listener.close()
        for channel in shared.channels.withLock(\.self) { channel.close(promise: nil) }
        try? await group.shutdownGracefully()
    }

    /// Ends both sides of a connection.
    private static func end(_ channels: [any Channel], _ end: End) {
        for channel in channels {
            guard end == .reset, let socket = channel as? any SocketOptionProvider else {
                channel.close(promise: nil)
                continue
            }
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
    }

    /// Passes bytes on in one direction.
    private final class Direction {
        private let shared: Shared
        private let isUp: Bool
        private var passed = 0
        private var waiting: [UInt8] = []
        private var isPaced = false

        init(_ shared: Shared, isUp: Bool) {
            self.shared = shared
            self.isUp = isUp
        }

        func pass(_ buffer: ByteBuffer, from source: any Channel, to sink: any Channel) {
            var bytes = Array(buffer.readableBytesView)
            let plan = shared.plan.withLock(\.self)
            let limit = isUp ? plan.bytesUp : plan.bytesDown
            let room = limit.map { max(0, $0 - passed) } ?? .max
            let isOver = bytes.count >= room && limit != nil
            if bytes.count > room { bytes.removeSubrange(room...) }
            passed += bytes.count
            if isUp {
                shared.up.add(bytes.count, ordering: .relaxed)
            } else {
                shared.down.add(bytes.count, ordering: .relaxed)
            }
            if !isUp, plan.losesReplies { return }
            if !isUp, let rate = plan.rateDown {
                waiting += bytes
                // A tenth of a second is read ahead, and no more.
                if waiting.count > rate / 10 {
                    source.setOption(.autoRead, value: false).whenComplete { _ in }
                }
                return pace(rate, source, sink)
            }
            write(bytes, to: sink, plan)
            if isOver { FaultyRelay.end([source, sink], plan.end) }
        }

        private func write(_ bytes: [UInt8], to sink: any Channel, _ plan: Plan) {
            if bytes.isEmpty { return }
            guard plan.isTrickling else {
                return sink.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            }
            for byte in bytes { sink.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil) }
        }

        /// Sends a fiftieth of the rate every 20 ms.
        private func pace(_ rate: Int, _ source: any Channel, _ sink: any Channel) {
            if isPaced { return }
            isPaced = true
            let confined = NIOLoopBound(self, eventLoop: sink.eventLoop)
            sink.eventLoop.scheduleTask(in: .milliseconds(20)) {
                let direction = confined.value
                direction.isPaced = false
                let portion = Array(direction.waiting.prefix(rate / 50))
                direction.waiting.removeFirst(portion.count)
                sink.writeAndFlush(ByteBuffer(bytes: portion), promise: nil)
                if direction.waiting.isEmpty {
                    source.setOption(.autoRead, value: true).whenComplete { _ in }
                } else {
                    direction.pace(rate, source, sink)
                }
            }
        }
    }

    /// The client's side: connects to the target, and passes on what comes.
    private final class Front: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let target: Int
        private let shared: Shared
        private let up: Direction
        private var back: (any Channel)?
        private var waiting: [ByteBuffer] = []
        private var isGone = false

        init(_ target: Int, _ shared: Shared) {
            self.target = target
            self.shared = shared
            up = Direction(shared, isUp: true)
        }

        func channelActive(context: ChannelHandlerContext) {
            let front = context.channel
            let shared = shared
            let confined = NIOLoopBound(self, eventLoop: context.eventLoop)
            ClientBootstrap(group: context.eventLoop)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelInitializer { back in
                    back.eventLoop.makeCompletedFuture {
                        try back.pipeline.syncOperations.addHandler(Back(front, shared))
                    }
                }
                .connect(host: "127.0.0.1", port: target)
                .whenComplete { result in
                    guard let back = try? result.get() else { return front.close(promise: nil) }
                    confined.value.connected(back, front)
                }
        }

        private func connected(_ back: any Channel, _ front: any Channel) {
            if isGone { return back.close(promise: nil) }
            self.back = back
            for buffer in waiting { up.pass(buffer, from: front, to: back) }
            waiting = []
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            guard let back else { return waiting.append(buffer) }
            up.pass(buffer, from: context.channel, to: back)
        }

        func channelInactive(context: ChannelHandlerContext) {
            isGone = true
            back?.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    /// The server's side.
    private final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let front: any Channel
        private let down: Direction

        init(_ front: any Channel, _ shared: Shared) {
            self.front = front
            down = Direction(shared, isUp: false)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            down.pass(unwrapInboundIn(data), from: context.channel, to: front)
        }

        func channelInactive(context: ChannelHandlerContext) { front.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
