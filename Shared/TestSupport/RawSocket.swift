internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A client on loopback that sends any bytes, and reads what comes back.
public final class RawSocket: Sendable {
    public struct Disappointment: Error, CustomStringConvertible {
        public let description: String
    }

    private struct State {
        var received: [UInt8] = []
        var isClosed = false
    }

    private let channel: any Channel
    private let state: Mutex<State>

    public init(port: Int) async throws {
        let collector = Collector()
        channel = try await ClientBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(collector))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        state = Mutex(State())
        collector.whenChanged { [weak self] bytes, isClosed in
            self?.state.withLock { state in
                state.received += bytes
                state.isClosed = state.isClosed || isClosed
            }
        }
    }

    /// What the socket does not take is no error: the server may have closed.
    public func send(_ bytes: [UInt8]) async {
        try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    public func send(_ text: String) async { await send(Array(text.utf8)) }

    public func close() async { try? await channel.close() }

    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// What has come so far. Bytes that are no UTF-8 are replaced.
    public var text: String { state.withLock { String(decoding: $0.received, as: UTF8.self) } }

    /// How often it is looked before something that is waited for has not happened: by time, a test on a
    /// machine that stood still would give up without a look.
    private static let looks = 10_000
    private static let pause = Duration.milliseconds(2)

    /// Waits until `isEnough` holds for what has come; the connection may have been closed by then.
    @discardableResult
    public func until(_ isEnough: (String) -> Bool) async throws -> String {
        for _ in 0..<Self.looks {
            let (bytes, isClosed) = state.withLock { ($0.received, $0.isClosed) }
            let text = String(decoding: bytes, as: UTF8.self)
            if isEnough(text) { return text }
            if isClosed { throw Disappointment(description: "closed after \"\(text)\"") }
            try await Task.sleep(for: Self.pause)
        }
        throw Disappointment(description: "nothing more after \"\(text)\"")
    }

    /// Waits until the server has closed; what has come by then.
    public func untilClosed() async throws -> String {
        for _ in 0..<Self.looks where !isClosed { try await Task.sleep(for: Self.pause) }
        guard isClosed else { throw Disappointment(description: "not closed after \"\(text)\"") }
        return text
    }

    /// Keeps what comes before somebody listens.
    private final class Collector: Sendable {
        typealias Body = @Sendable ([UInt8], Bool) -> Void
        private let state = Mutex<(bytes: [UInt8], isClosed: Bool, body: Body?)>(([], false, nil))

        func whenChanged(_ body: @escaping Body) {
            state.withLock { state in
                state.body = body
                body(state.bytes, state.isClosed)
            }
        }

        func changed(_ bytes: [UInt8], isClosed: Bool) {
            state.withLock { state in
                if let body = state.body { return body(bytes, isClosed) }
                state.bytes += bytes
                state.isClosed = isClosed
            }
        }
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let collector: Collector

        init(_ collector: Collector) { self.collector = collector }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            collector.changed(Array(unwrapInboundIn(data).readableBytesView), isClosed: false)
        }

        func channelInactive(context: ChannelHandlerContext) {
            collector.changed([], isClosed: true)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
