internal import NIOCore
public import NIOPosix
public import RPC
internal import Synchronization
internal import TLS

/// Serves requests over HTTP/2 on its listeners until it is shut down.
///
///     let server = RPCServer(listeners: [.plaintext(port: 7002)], services: [RiskService()])
///     try await server.run()
public final class RPCServer: Sendable {
    private let listeners: [RPCListener]
    private let handler: any RequestHandler
    let profile: RPCProfile
    private let connectionObserver: (any ConnectionObserver)?
    private let group: MultiThreadedEventLoopGroup
    private let telemetry: [ObjectIdentifier: LoopConfined<ServerTelemetry>]
    private let state = Mutex(State())
    private let admission: ConnectionAdmission

    private struct State {
        var channels: [any Channel] = []
        var connections: [ObjectIdentifier: Connection] = [:]
        var memoryWatch: RepeatedTask?
        var isShuttingDown = false
        var isEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private struct Connection {
        let channel: any Channel
        let handler: LoopConfined<ServerConnection>
    }

    /// - Parameters:
    ///   - handler: answers all requests: a `ServiceRouter`, or a forwarder.
    ///   - profile: the limits; `.edge` for clients outside, `.mesh` between our services.
    ///   - connectionObserver: told of misbehaving peers and of ends of connections.
    ///   - telemetry: is told of all calls.
    ///   - group: the event loops to run on.
    public init(
        listeners: [RPCListener], handler: any RequestHandler, profile: RPCProfile = .mesh,
        connectionObserver: (any ConnectionObserver)? = nil, telemetry: RPCTelemetry? = nil,
        group: MultiThreadedEventLoopGroup = .singleton
    ) {
        self.connectionObserver =
            connectionObserver
            ?? telemetry.map { ConnectionCounter($0.events, profile: profile.name) }
        admission = ConnectionAdmission(profile)
        let halves = group.makeIterator().compactMap { loop in
            telemetry.map {
                (ObjectIdentifier(loop), LoopConfined($0.server(routes: handler.methods)))
            }
        }
        self.telemetry = Dictionary(uniqueKeysWithValues: halves)
        self.listeners = listeners
        self.handler = handler
        self.profile = profile
        self.group = group
    }

    /// Serves typed services.
    ///
    /// - Parameters:
    ///   - interceptors: around every handler, joined with `then`: the first one is the outermost.
    ///   - compressing: methods whose replies are compressed with gzip for callers that read it.
    public convenience init(
        listeners: [RPCListener], services: [any RPCService],
        authorizer: any Authorizer = ScopeAuthorizer(),
        interceptors: (any ServerInterceptor)? = nil,
        connectionObserver: (any ConnectionObserver)? = nil,
        compressing: [MethodDescriptor] = [], profile: RPCProfile = .mesh,
        telemetry: RPCTelemetry? = nil, group: MultiThreadedEventLoopGroup = .singleton
    ) {
        let oddities = ProtocolOddities { peer in
            connectionObserver?.misbehaved(
                ProtocolOddity.missingTE.rawValue, action: .counted, peer: peer)
        }
        let router = ServiceRouter(
            services, authorizer: authorizer, interceptors: interceptors,
            compressing: compressing, known: telemetry?.methods ?? [], oddities: oddities)
        self.init(
            listeners: listeners, handler: router, profile: profile,
            connectionObserver: connectionObserver, telemetry: telemetry, group: group)
    }

    /// Opens the listeners. Afterwards `ports` tells where.
    public func start() async throws {
        for listener in listeners { try listener.check() }
        watchMemory()
        for listener in listeners {
            // The system's call would take the port modulo 65,536.
            guard (0...65_535).contains(listener.port) else {
                throw RPCError(.invalidArgument, "there is no port \(listener.port)")
            }
            let channel = try await bootstrap(listener)
                .bind(host: listener.host, port: listener.port).get()
            state.withLock { $0.channels.append(channel) }
        }
    }

    /// Looks at the process's memory four times a second, until the server ends.
    private func watchMemory() {
        let (memory, admission) = (profile.memory, admission)
        let watch = group.next().scheduleRepeatedTask(
            initialDelay: .zero, delay: .milliseconds(250)
        ) { _ in
            memory.sample()
            admission.reconsider()
        }
        state.withLock { $0.memoryWatch = watch }
    }

    /// The ports of the listeners, in their order; empty before `start`.
    public var ports: [Int] {
        state.withLock { $0.channels.map { $0.localAddress?.port ?? 0 } }
    }

    /// The port of the first listener; 0 before `start`.
    public var port: Int { ports.first ?? 0 }

    /// Connections that are open now.
    public var connectionCount: Int { state.withLock { $0.connections.count } }

    /// Starts, unless that was done, and serves until `shutdown`; cancelling the task shuts down
    /// with a grace of five seconds.
    public func run() async throws {
        if state.withLock({ $0.channels.isEmpty && !$0.isShuttingDown }) { try await start() }
        await withTaskCancellationHandler {
            await ended()
        } onCancel: {
            Task { await self.shutdown(grace: .seconds(5)) }
        }
    }

    private func ended() async {
        await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                if !state.isEnded { state.waiters.append(continuation) }
                return state.isEnded
            }
            if isEnded { continuation.resume() }
        }
    }

    // MARK: Connections

    /// The connections that are open now, by the event loops that they belong to.
    var connectionsByLoop:
        [(eventLoop: any EventLoop, connections: [LoopConfined<ServerConnection>])]
    {
        let all = state.withLock { Array($0.connections.values) }
        let byLoop = Dictionary(grouping: all) { ObjectIdentifier($0.channel.eventLoop) }
        return byLoop.values.map { ($0[0].channel.eventLoop, $0.map(\.handler)) }
    }

    private func bootstrap(_ listener: RPCListener) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One at a time: before each, the gate is asked.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { [admission, connectionObserver] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGate(
                            admission, isTLS: listener.tls != nil, observer: connectionObserver))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: ReadBuffers())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel, listener) }
            }
    }

    private func accept(_ channel: any Channel, _ listener: RPCListener) throws {
        let connection = ServerConnection(
            handler: handler, profile: profile.http2, observer: connectionObserver,
            telemetry: telemetry[ObjectIdentifier(channel.eventLoop)]?.value,
            memory: profile.memory, loop: LoopContext.current(on: channel.eventLoop))
        let isWelcome = state.withLock { state in
            if state.isShuttingDown { return false }
            state.connections[ObjectIdentifier(channel)] = Connection(
                channel: channel, handler: LoopConfined(connection))
            return true
        }
        guard isWelcome else { throw ChannelError.operationUnsupported }
        let id = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.connections.removeValue(forKey: id) }
        }
        if let tls = listener.tls {
            connection.onOpen = { [admission] in admission.handshakeEnded(id) }
            try channel.pipeline.syncOperations.addHandler(
                TLSHandler(
                    context: tls.current, handshakeTimeout: TimeAmount(profile.handshakeTimeout),
                    observer: listener.handshakes))
        }
        try channel.pipeline.syncOperations.addHandler(
            ConnectionHandler(connection, isTLS: listener.tls != nil))
    }

    // MARK: End

    /// Ends in order: no new connections, GOAWAY twice on every connection, calls in flight finish.
    /// Streams, which may have no end of their own, get UNAVAILABLE ten seconds before `grace` is
    /// over, or when two thirds of a short one are; all else that is left then gets it when it is.
    /// Returns when all is closed.
    public func shutdown(grace: Duration = .seconds(30)) async {
        let (channels, connections, isFirst) = state.withLock { state in
            let isFirst = !state.isShuttingDown
            state.isShuttingDown = true
            return (state.channels, Array(state.connections.values), isFirst)
        }
        guard isFirst else { return await ended() }
        for channel in channels { try? await channel.close() }
        for connection in connections {
            let (handler, loop) = (connection.handler, connection.channel.eventLoop)
            loop.execute { handler.value.beginDrain() }
            let endOfStreams = loop.scheduleTask(in: TimeAmount(Self.graceOfStreams(in: grace))) {
                handler.value.endStreams()
            }
            let end = loop.scheduleTask(in: TimeAmount(grace)) { handler.value.endNow() }
            connection.channel.closeFuture.whenComplete { _ in
                endOfStreams.cancel()
                end.cancel()
            }
        }
        for connection in connections { try? await connection.channel.closeFuture.get() }
        let waiters = state.withLock { state in
            state.memoryWatch?.cancel()
            state.isEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private static func graceOfStreams(in grace: Duration) -> Duration {
        grace - min(.seconds(10), grace / 3)
    }
}
