public import NIOCore
internal import NIOPosix
public import TLS

/// One connection to a Redis or Valkey server.
///
/// Commands of any number of tasks share it: they are sent in order without waiting for each
/// other's replies. When it has ended, every command fails; ``RedisClient`` makes new ones.
public final class RedisConnection: Sendable {
    public struct Configuration: Sendable {
        public var host: String
        public var port: Int
        /// Empty for the default user.
        public var username = ""
        public var password: String?
        public var database = 0
        public var connectTimeout = TimeAmount.seconds(1)
        /// How long a reply may take, unless the call says otherwise.
        public var commandTimeout = TimeAmount.seconds(1)
        /// A server that owes replies and has sent nothing for so long is given up.
        public var stallTimeout = TimeAmount.seconds(2)
        /// Commands sent whose reply has not come; one more is refused.
        public var maximumInFlight = 1024
        public var maximumCommandBytes = 1 << 20
        public var replyLimits = ReplyReader.Limits()
        /// Made known to the server when the connection is made.
        public var scripts: [RedisScript] = []
        /// How to encrypt; nil for plain text.
        public var tls: TLSContext?

        public init(host: String, port: Int = 6379) {
            self.host = host
            self.port = port
        }

        var address: String { "\(host):\(port)" }
    }

    private let configuration: Configuration
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisHandler>

    private init(
        _ configuration: Configuration, channel: any Channel, handler: NIOLoopBound<RedisHandler>
    ) {
        self.configuration = configuration
        self.channel = channel
        self.handler = handler
    }

    /// Connects, signs in if there is a password, selects the database and loads the scripts.
    public static func connect(
        _ configuration: Configuration, on eventLoop: any EventLoop
    ) async throws -> RedisConnection {
        let connection: RedisConnection
        do {
            connection = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(configuration.connectTimeout)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: configuration.host, port: configuration.port)
                .flatMapThrowing { try attach(to: $0, configuration) }
                .get()
        } catch {
            throw RedisError(
                .connect, "cannot connect to \(configuration.address)", cause: error)
        }
        do {
            try await connection.signIn()
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    private static func attach(
        to channel: any Channel, _ configuration: Configuration
    ) throws -> RedisConnection {
        let handler = RedisHandler(configuration: configuration)
        if let tls = configuration.tls {
            // The handshake begins here; what is sent before its end waits.
            try channel.pipeline.syncOperations.addHandler(TLSHandler(context: tls))
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        return RedisConnection(
            configuration, channel: channel,
            handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
    }

    private func signIn() async throws {
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            commands.append(
                configuration.username.isEmpty
                    ? RedisCommand("AUTH", password)
                    : RedisCommand("AUTH", configuration.username, password))
        }
        if configuration.database != 0 {
            commands.append(RedisCommand("SELECT", "\(configuration.database)"))
        }
        commands += configuration.scripts.map(\.load)
        for reply in try await send(commands, timeout: configuration.connectTimeout.duration) {
            if let error = reply.error {
                throw RedisError(
                    .authentication, "\(configuration.address) refused", cause: error)
            }
        }
    }

    public var isActive: Bool { channel.isActive }

    /// Completes when the connection has ended.
    var ended: EventLoopFuture<Void> { channel.closeFuture }

    /// Sends a command and waits for its reply.
    ///
    /// An error reply is a value (`RedisValue.error`); what is thrown is a `RedisError`.
    public func send(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        try await send([command], timeout: timeout)[0]
    }

    /// Sends commands one after the other in one write; the replies come in the same order, as many
    /// as there are commands. Others' commands may come between them: this is no transaction.
    /// All of them are sent, or none.
    public func send(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        let encoded = try encode(commands)
        let timeout = timeout.map { TimeAmount($0) } ?? configuration.commandTimeout
        let replies = send(encoded, commands: commands.count, timeout: timeout, delay: nil)
        do {
            return try await replies.get()
        } catch {
            throw Self.redisError(error)
        }
    }

    /// Sends commands with the next ones that leave, after `delay` at the latest.
    func sendLate(
        _ commands: [RedisCommand], within delay: TimeAmount,
        _ done: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        guard !commands.isEmpty else { return done(.success([])) }
        let encoded: ByteBuffer
        do throws(RedisError) {
            encoded = try encode(commands)
        } catch {
            return done(.failure(error))
        }
        let timeout = configuration.commandTimeout + delay
        send(encoded, commands: commands.count, timeout: timeout, delay: delay)
            .whenComplete { done($0.mapError(Self.redisError)) }
    }

    /// Sends one command; `done` is called on the connection's loop, in the same call if nothing can be
    /// sent from there.
    func submit(
        _ request: RedisRequest, timeout: TimeAmount,
        _ done: @escaping @Sendable (Result<RedisValue, RedisError>) -> Void
    ) {
        precondition(request.missing == 0, "as many arguments as were announced")
        guard request.buffer.readableBytes <= configuration.maximumCommandBytes else {
            let text = "more than \(configuration.maximumCommandBytes) bytes"
            return done(.failure(RedisError(.commandTooLarge, text)))
        }
        send(request.buffer, commands: 1, timeout: timeout, delay: nil)
            .whenComplete { result in
                switch result {
                case .success(let replies): done(.success(replies[0]))
                case .failure(let error): done(.failure(Self.redisError(error)))
                }
            }
    }

    private func send(
        _ encoded: ByteBuffer, commands: Int, timeout: TimeAmount, delay: TimeAmount?
    ) -> EventLoopFuture<[RedisValue]> {
        let promise = channel.eventLoop.makePromise(of: [RedisValue].self)
        // Runs at once if the caller is on the connection's loop already.
        if channel.eventLoop.inEventLoop {
            handler.value.send(
                encoded, commands: commands, timeout: timeout, delay: delay, promise)
        } else {
            let handler = handler
            channel.eventLoop.execute {
                handler.value.send(
                    encoded, commands: commands, timeout: timeout, delay: delay, promise)
            }
        }
        return promise.futureResult
    }

    private static func redisError(_ error: any Error) -> RedisError {
        error as? RedisError
            ?? RedisError(.connectionLost, "the connection failed", cause: error)
    }

    private func encode(_ commands: [RedisCommand]) throws(RedisError) -> ByteBuffer {
        var size = 0
        for command in commands {
            guard command.encodedSize <= configuration.maximumCommandBytes else {
                throw RedisError(
                    .commandTooLarge, "more than \(configuration.maximumCommandBytes) bytes")
            }
            size += command.encodedSize
        }
        var buffer = channel.allocator.buffer(capacity: size)
        for command in commands { command.encode(into: &buffer) }
        return buffer
    }

    /// Closes; commands in flight fail.
    public func close() async {
        let handler = handler
        channel.eventLoop.execute { handler.value.close() }
        try? await channel.closeFuture.get()
    }
}

extension TimeAmount {
    fileprivate var duration: Duration { .nanoseconds(nanoseconds) }
}
