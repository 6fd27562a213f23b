internal import NIOCore
internal import NIOPosix
internal import RPC
internal import TLS

/// One endpoint as one event loop sees it: at most one connection that takes calls.
final class ClientEndpoint {
    private enum State {
        case idle
        case connecting
        case ready(ClientConnection)
        /// Not before this instant, because the last attempt failed.
        case waiting(until: Instant)
    }

    let endpoint: ClientTarget.Endpoint
    private let tls: TLSContext?
    private let profile: RPCProfile
    private let loop: LoopContext
    private var state = State.idle
    private var waiting: [ClientCall] = []
    private var backoff = ConnectBackoff()
    private var lastError = ""
    private var connections: [ObjectIdentifier: ClientConnection] = [:]
    private var attempts: [EventLoopPromise<Void>] = []
    private var isClosed = false

    /// Calls that may wait for a connection.
    private static let maximumWaiting = 1_000

    init(
        _ endpoint: ClientTarget.Endpoint, tls: TLSContext?, profile: RPCProfile, loop: LoopContext
    ) {
        self.endpoint = endpoint
        self.tls = tls
        self.profile = profile
        self.loop = loop
    }

    /// Whether a call has a chance here now.
    func isPromising(at now: Instant) -> Bool {
        if case .waiting(let until) = state { return until <= now }
        return true
    }

    /// Whether a call can be sent at once.
    var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// Calls in flight and waiting.
    var load: Int {
        if case .ready(let connection) = state { return connection.openStreams }
        return waiting.count
    }

    /// Sends a call, now or when the connection is there.
    func send(_ call: ClientCall, now: Instant) {
        switch state {
        case .ready(let connection):
            connection.send(call, now: now)
        case .connecting:
            wait(call)
        case .waiting(let until) where until > now:
            call.fail(.unavailable, connectFailure, wasProcessed: false)
        case .idle, .waiting:
            wait(call)
            connect()
        }
    }

    /// Opens the connection before a call needs it; done when it is open or has failed.
    func warmUp() -> EventLoopFuture<Void> {
        switch state {
        case .ready: return loop.eventLoop.makeSucceededVoidFuture()
        case .idle, .waiting: connect()
        case .connecting: break
        }
        guard case .connecting = state else { return loop.eventLoop.makeSucceededVoidFuture() }
        let promise = loop.eventLoop.makePromise(of: Void.self)
        attempts.append(promise)
        return promise.futureResult
    }

    private var connectFailure: String {
        "connect to \(endpoint) failed: \(lastError) (\(backoff.failures) attempts)"
    }

    private func wait(_ call: ClientCall) {
        if waiting.count >= Self.maximumWaiting {
            let error = RPCError(
                .resourceExhausted, "too many calls wait for a connection to \(endpoint)",
                reason: "CLIENT_QUEUE_FULL")
            return call.fail(error, wasProcessed: false)
        }
        waiting.append(call)
    }

    private func connect() {
        if isClosed { return connected(nil, RPCError(.unavailable, "the client is closed")) }
        state = .connecting
        let connection = ClientConnection(
            profile: profile.http2, isTLS: tls != nil, authority: "\(endpoint)", loop: loop,
            onReady: { self.connected($0, $1) }, onUnusable: { self.lost($0) })
        let confined = LoopConfined((endpoint: self, connection: connection))
        let tls = tls
        ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(.seconds(2))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 2048, initial: 16_384, maximum: 262_144)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(TLSHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(confined.value.connection)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .whenFailure { confined.value.endpoint.connected(nil, $0) }
    }

    private func connected(_ connection: ClientConnection?, _ error: (any Error)?) {
        guard case .connecting = state else { return }
        let now = loop.now
        let calls = waiting
        waiting = []
        defer {
            for promise in attempts { promise.succeed() }
            attempts = []
        }
        if let connection, error == nil {
            backoff.succeeded()
            state = .ready(connection)
            connections[ObjectIdentifier(connection)] = connection
            for call in calls where !call.isEnded { connection.send(call, now: now) }
            if isClosed { connection.closeWhenIdle() }
        } else {
            lastError = error.map(Self.text) ?? "unknown"
            state = .waiting(until: now + backoff.failed(random: .random(in: 0..<1)))
            for call in calls { call.fail(.unavailable, connectFailure, wasProcessed: false) }
        }
    }

    /// NIO's connection error names every address it tried; the first reason is enough.
    private static func text(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first { return text(first.error) }
            return "\(error.dnsAError ?? error.dnsAAAAError ?? error)"
        }
        if let error = error as? IOError { return error.description }
        if let error = error as? RPCError { return error.message }
        return "\(error)"
    }

    private func lost(_ connection: ClientConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if case .ready(let current) = state, current === connection { state = .idle }
    }

    /// Takes no further calls; the connection ends when its calls have.
    func close() {
        isClosed = true
        if case .ready(let connection) = state { connection.closeWhenIdle() }
    }
}

/// The pause between failed attempts to connect: 0.2 s, growing by 1.6, at most 30 s, ± 20 %.
struct ConnectBackoff {
    private(set) var failures = 0

    mutating func succeeded() { failures = 0 }

    /// - Parameter random: 0 to 1.
    mutating func failed(random: Double) -> Duration {
        failures += 1
        var pause = 0.2
        for _ in 1..<max(2, min(failures, 20)) where pause < 30 { pause *= failures > 1 ? 1.6 : 1 }
        return .seconds(min(pause, 30) * (0.8 + 0.4 * random))
    }
}
