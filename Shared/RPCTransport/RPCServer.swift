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
    let handler: any RequestHandler
    let profile: RPCProfile
    let connectionObserver: (any ConnectionObserver)?
    let group: MultiThreadedEventLoopGroup
    private let telemetry: [ObjectIdentifier: LoopConfined<ServerTelemetry>]
    /// What decides which handlers run, by event loop.
    private let gates: [ObjectIdentifier: LoopConfined<HandlerGate>]
    private let state = Mutex(State())
    let admission: ConnectionAdmission
    /// Calls that no connection carries.
    let directCalls = DirectCalls()

    private struct State {
        var channels: [any Channel] = []
        var connections: [ObjectIdentifier: Connection] = [:]
        var memoryWatch: RepeatedTask?
        var hasStarted = false
        /// No connection is accepted any more.
        var isShuttingDown = false
        /// Until those are closed that were opened.
        var hasListeners = true
        var drain: ServerDrainMachine?
        var drainTimer: Scheduled<Void>?
        var isEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private struct Connection {
        let eventLoop: any EventLoop
        let machine: LoopConfined<ServerConnection>
    }

    /// - Parameters:
    ///   - handler: answers all requests: a `ServiceRouter`, or a forwarder.
    ///   - profile: the limits; `.edge` for clients outside, `.mesh` between our services.
    ///   - connectionObserver: told of misbehaving peers and of ends of connections.
    ///   - loadObserver: told of refused calls, of handlers that do not end, and of busy loops;
    ///     `telemetry` if there is none.
    ///   - telemetry: is told of all calls.
    ///   - group: the event loops to run on.
    public init(
        listeners: [RPCListener], handler: any RequestHandler, profile: RPCProfile = .mesh,
        connectionObserver: (any ConnectionObserver)? = nil,
        loadObserver: (any LoadObserver)? = nil, telemetry: RPCTelemetry? = nil,
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
        let loadObserver: (any LoadObserver)? = loadObserver ?? telemetry
        gates = Self.gates(profile.overload, loadObserver, group)
    }

    private static func gates(
        _ policy: OverloadPolicy?, _ observer: (any LoadObserver)?,
        _ group: MultiThreadedEventLoopGroup
    ) -> [ObjectIdentifier: LoopConfined<HandlerGate>] {
        guard let policy else { return [:] }
        let gates = group.makeIterator().map { loop in
            let gate = HandlerGate(policy, observer: observer, seed: .random(in: 0 ... .max))
            return (ObjectIdentifier(loop), LoopConfined(gate))
        }
        return Dictionary(uniqueKeysWithValues: gates)
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
        loadObserver: (any LoadObserver)? = nil, compressing: [MethodDescriptor] = [],
        profile: RPCProfile = .mesh, telemetry: RPCTelemetry? = nil,
        group: MultiThreadedEventLoopGroup = .singleton
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
            connectionObserver: connectionObserver, loadObserver: loadObserver,
            telemetry: telemetry, group: group)
    }

    /// Opens the listeners. Afterwards `ports` tells where.
    public func start() async throws {
        for listener in listeners { try listener.check() }
        watchMemory()
        for (index, listener) in listeners.enumerated() {
            if let transport = listener.transport {
                try transport.serve(self)
                continue
            }
            // The system's call would take the port modulo 65,536.
            guard (0...65_535).contains(listener.port) else {
                throw RPCError(.invalidArgument, "there is no port \(listener.port)")
            }
            let channel = try await bootstrap(listener, index)
                .bind(host: listener.host, port: listener.port).get()
            state.withLock { $0.channels.append(channel) }
        }
        state.withLock { $0.hasStarted = true }
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

    /// The ports of the listeners that have one, in their order; empty before `start`.
    public var ports: [Int] {
        state.withLock { $0.channels.map { $0.localAddress?.port ?? 0 } }
    }

    /// The port of the first listener; 0 before `start`.
    public var port: Int { ports.first ?? 0 }

    /// Connections that are open now.
    public var connectionCount: Int { state.withLock { $0.connections.count } }

    /// An orderly end is under way, or over.
    public var isDraining: Bool { state.withLock { $0.drain != nil } }

    /// What runs and waits now, over all loops; nil if there is no limit.
    public func load() async -> ServerLoad? {
        var sum: ServerLoad?
        for (loop, gate) in gatesByLoop {
            let one = try? await loop.submit { gate.value.load }.get()
            if let one { sum = (sum ?? ServerLoad()) + one }
        }
        return sum
    }

    /// What decides which handlers run, and where.
    var gatesByLoop: [(eventLoop: any EventLoop, gate: LoopConfined<HandlerGate>)] {
        group.makeIterator().compactMap { loop in
            gates[ObjectIdentifier(loop)].map { (loop, $0) }
        }
    }

    /// Starts, unless that was done, and serves until `shutdown`; cancelling the task shuts down
    /// with a grace of five seconds.
    public func run() async throws {
        if state.withLock({ !$0.hasStarted && !$0.isShuttingDown }) { try await start() }
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
        let byLoop = Dictionary(grouping: all) { ObjectIdentifier($0.eventLoop) }
        return byLoop.values.map { ($0[0].eventLoop, $0.map(\.machine)) }
    }

    private func bootstrap(_ listener: RPCListener, _ index: Int) -> ServerBootstrap {
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
                channel.eventLoop.makeCompletedFuture { try self.accept(channel, listener, index) }
            }
    }

    private func accept(
        _ channel: any Channel, _ listener: RPCListener, _ index: Int
    ) throws {
        let id = ObjectIdentifier(channel)
        guard let connection = connection(id, on: channel.eventLoop) else {
            throw ChannelError.operationUnsupported
        }
        connection.listener = index
        channel.closeFuture.whenComplete { _ in
            self.closed(id)
        }
        if let tls = listener.tls {
            connection.onOpen = { [admission] in admission.handshakeEnded(id) }
            try channel.pipeline.syncOperations.addHandler(
                TLSHandler(
                    context: tls.current, handshakeTimeout: TimeAmount(profile.handshakeTimeout),
                    observer: listener.handshakes))
        }
        let handler = ConnectionHandler(connection, isTLS: listener.tls != nil)
        if let http1 = listener.http1 {
            try channel.pipeline.syncOperations.addHandler(
                HTTPVersionSelector(
                    before: handler, http1, isTLS: listener.tls != nil,
                    patience: profile.http2.settingsTimeout
                ) { connection.refusedHTTP1(status: $0) })
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// A further connection; nil if none is accepted any more.
    func connection(
        _ id: ObjectIdentifier, on eventLoop: any EventLoop
    ) -> ServerConnection? {
        let connection = ServerConnection(
            handler: handler, profile: profile.http2, observer: connectionObserver,
            telemetry: telemetry[ObjectIdentifier(eventLoop)]?.value,
            memory: profile.memory, loop: LoopContext.current(on: eventLoop),
            gate: gates[ObjectIdentifier(eventLoop)]?.value, life: profile.life,
            jitter: .random(in: 0.9...1.1))
        let isWelcome = state.withLock { state in
            if state.isShuttingDown { return false }
            state.connections[id] = Connection(
                eventLoop: eventLoop, machine: LoopConfined(connection))
            return true
        }
        return isWelcome ? connection : nil
    }

    func closed(_ id: ObjectIdentifier) {
        let isLast = state.withLock { state in
            state.connections.removeValue(forKey: id)
            return state.isShuttingDown && state.connections.isEmpty
        }
        if isLast { end() }
    }

    // MARK: End

    /// Ends in order: everything is served for `endpointDelay`, while load balancers learn that the
    /// process is not ready, of which somebody else has told them. Then no new connections, GOAWAY
    /// twice on every connection, and calls in flight finish. Streams, which may have no end of their
    /// own, get UNAVAILABLE ten seconds before the grace is over; all else that is left gets it five
    /// seconds before. Returns when all is closed.
    public func shutdown(_ times: DrainTimes) async {
        let isFirst = state.withLock { state in
            if state.drain != nil { return false }
            state.drain = ServerDrainMachine(
                endpointDelay: times.endpointDelay, grace: times.grace, at: LoopContext.now)
            return true
        }
        if isFirst { advance() }
        await ended()
    }

    /// The same at once: load balancers know, or there are none.
    public func shutdown(grace: Duration = .seconds(30)) async {
        await shutdown(DrainTimes(grace: grace))
    }

    /// Does not wait for calls in flight any more: they get UNAVAILABLE now. Without effect unless a
    /// shutdown is under way.
    public func hurry() {
        state.withLock { $0.drain?.hurry(at: LoopContext.now) }
        advance()
    }

    /// Takes the steps that are due, and comes again for the next one.
    private func advance() {
        while let step = state.withLock({ $0.drain?.step(at: LoopContext.now) }) { take(step) }
        state.withLock { state in
            state.drainTimer?.cancel()
            guard !state.isEnded, let next = state.drain?.nextAt else { return }
            let at = NIODeadline.uptimeNanoseconds(UInt64(Int64(clamping: next.nanoseconds)))
            state.drainTimer = group.any().scheduleTask(deadline: at) { self.advance() }
        }
    }

    private func take(_ step: ServerDrainMachine.Step) {
        switch step {
        case .stopAccepting: stopAccepting()
        case .endStreams:
            onConnections { $0.endStreams() }
            directCalls.end { $0.acceptance.kind != .unary }
        case .cutOff:
            onConnections { $0.endNow() }
            directCalls.end { _ in true }
        case .close: onConnections { $0.link?.abort() }
        }
    }

    private func onConnections(_ body: @escaping @Sendable (ServerConnection) -> Void) {
        for connection in state.withLock({ Array($0.connections.values) }) {
            let machine = connection.machine
            connection.eventLoop.execute { body(machine.value) }
        }
    }

    private func stopAccepting() {
        let channels = state.withLock { state in
            state.isShuttingDown = true
            return state.channels
        }
        for listener in listeners { listener.transport?.stopServing(self) }
        directCalls.close()
        onConnections { $0.beginDrain() }
        let closing = channels.map { channel in
            channel.close(promise: nil)
            return channel.closeFuture
        }
        EventLoopFuture.andAllComplete(closing, on: group.any()).whenComplete { _ in
            let isEmpty = self.state.withLock { state in
                state.hasListeners = false
                return state.connections.isEmpty
            }
            if isEmpty { self.end() }
        }
    }

    /// Something is over: perhaps nothing is open any more.
    func end() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.hasListeners, state.connections.isEmpty, directCalls.isEmpty else {
                return []
            }
            state.memoryWatch?.cancel()
            state.isEnded = true
            state.drainTimer?.cancel()
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
