public import NIOCore
internal import NIOPosix
internal import Synchronization
public import TLS

/// One end of a TCP connection, with or without TLS, that sends any bytes and reads frames. Blocks of
/// fields are decoded as they come, since each builds on those before it.
///
/// It knows nothing of HTTP/2's rules: what may be sent, and what must come back, is the test's
/// matter.
public final class RawConnection: Sendable {
    /// What did not happen in time, or what the connection did instead.
    public struct Disappointment: Error, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }
    }

    private struct State {
        var input: [UInt8] = []
        var skipsPreface: Bool
        var isClosed = false
        var waiter: (id: Int, continuation: CheckedContinuation<Void, Never>)?
        var waits = 0
        var decoder = HeaderDecoder()
        var block: [UInt8] = []
    }

    private let channel: any Channel
    private let state: Mutex<State>

    public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// Longer than anything that is waited for takes; a test that waits so long has failed.
    public static let patience = TimeAmount.seconds(10)

    fileprivate init(_ channel: any Channel, skipsPreface: Bool) {
        self.channel = channel
        state = Mutex(State(skipsPreface: skipsPreface))
    }

    // MARK: Opening

    /// Connects to a server on loopback.
    public static func connect(port: Int, tls: TLSContext? = nil) async throws -> RawConnection {
        let ready = NIOSingletons.posixEventLoopGroup.any().makePromise(of: RawConnection.self)
        ClientBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try install(on: channel, tls: tls, isServer: false) {
                        ready.completeWith($0)
                    }
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .whenFailure { ready.fail($0) }
        return try await ready.futureResult.get()
    }

    fileprivate static func install(
        on channel: any Channel, tls: TLSContext?, isServer: Bool,
        _ opened: @escaping @Sendable (Result<RawConnection, any Error>) -> Void
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let connection = RawConnection(channel, skipsPreface: isServer)
        if let tls { try pipeline.addHandler(TLSHandler(context: tls)) }
        try pipeline.addHandler(Reader(connection, isTLS: tls != nil, opened: opened))
    }

    // MARK: Sending

    public func send(bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// All in one piece; a connection that is gone takes nothing, which is for `next` to tell.
    public func send(_ frames: Frame...) async {
        try? await send(bytes: frames.flatMap(\.bytes))
    }

    public func close() async { try? await channel.close() }

    // MARK: Receiving

    /// The next frame; nil if the peer has closed the connection.
    public func next() async throws -> Frame? {
        while true {
            let (frame, isClosed, seen) = try state.withLock {
                (try Self.takeFrame(from: &$0), $0.isClosed, $0.input.count)
            }
            if let frame { return frame }
            if isClosed { return nil }
            guard await arrival(beyond: seen) else {
                throw Disappointment("nothing came within \(Self.patience)")
            }
        }
    }

    private static func takeFrame(from state: inout State) throws -> Frame? {
        if state.skipsPreface {
            guard state.input.count >= preface.count else { return nil }
            state.input.removeFirst(preface.count)
            state.skipsPreface = false
        }
        let input = state.input
        guard input.count >= 9 else { return nil }
        let length = Int(input[0]) << 16 | Int(input[1]) << 8 | Int(input[2])
        guard input.count >= 9 + length else { return nil }
        state.input.removeFirst(9 + length)
        var frame = Frame(
            Frame.Kind(rawValue: input[3]), Frame.Flags(rawValue: input[4]),
            stream: input[5..<9].reduce(0) { $0 << 8 | UInt32($1) }, Array(input[9..<9 + length]))
        if frame.kind == .headers || frame.kind == .continuation {
            state.block += frame.payload
            if frame.has(.endHeaders) {
                frame.fields = try state.decoder.decode(state.block)
                state.block = []
            }
        }
        return frame
    }

    /// Waits until more has come than what was `seen`; false if nothing did for a long time.
    private func arrival(beyond seen: Int) async -> Bool {
        await withCheckedContinuation { continuation in
            let id = state.withLock { state -> Int? in
                if state.isClosed || state.input.count != seen { return nil }
                state.waits += 1
                state.waiter = (state.waits, continuation)
                return state.waits
            }
            guard let id else { return continuation.resume() }
            channel.eventLoop.scheduleTask(in: Self.patience) { self.wake(id) }
        }
        return state.withLock { $0.input.count != seen || $0.isClosed }
    }

    /// Resumes who waits: whoever it is, or only the one who waited at `id`.
    private func wake(_ id: Int? = nil) {
        let waiter = state.withLock { state in
            id == nil || state.waiter?.id == id ? state.waiter.take() : nil
        }
        waiter?.continuation.resume()
    }

    fileprivate func received(_ buffer: ByteBuffer) {
        state.withLock { $0.input += buffer.readableBytesView }
        wake()
    }

    fileprivate func closed() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let connection: RawConnection
        private let isTLS: Bool
        private let opened: @Sendable (Result<RawConnection, any Error>) -> Void
        private var isOpen = false

        init(
            _ connection: RawConnection, isTLS: Bool,
            opened: @escaping @Sendable (Result<RawConnection, any Error>) -> Void
        ) {
            self.connection = connection
            self.isTLS = isTLS
            self.opened = opened
        }

        func channelActive(context: ChannelHandlerContext) {
            if !isTLS { open() }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is TLSHandshakeCompleted { open() }
        }

        private func open() {
            isOpen = true
            opened(.success(connection))
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            connection.received(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) {
            connection.closed()
            if !isOpen { opened(.failure(Disappointment("no connection came about"))) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

/// Accepts connections on a free port of loopback, for the tests of clients.
public final class RawListener: Sendable {
    private let channel: any Channel
    private let connections: AsyncStream<RawConnection>

    public init(tls: TLSContext? = nil) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: RawConnection.self)
        connections = stream
        channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try RawConnection.install(on: channel, tls: tls, isServer: true) { result in
                        if case .success(let connection) = result { continuation.yield(connection) }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.closeFuture.whenComplete { _ in continuation.finish() }
    }

    public var port: Int { channel.localAddress?.port ?? 0 }

    /// The next connection, once its TLS handshake is over.
    public func accept() async throws -> RawConnection {
        for await connection in connections { return connection }
        throw RawConnection.Disappointment("the listener is closed")
    }

    public func close() async { try? await channel.close() }
}
