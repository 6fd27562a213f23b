public import NIOCore
internal import NIOPosix

/// One connection to a Redis or Valkey server.
///
/// Commands of any number of tasks share it: they are sent in order without waiting for each
/// other's replies. When it has ended, every command fails; who holds it makes a new one.
public final class RedisConnection: Sendable {
    public struct Configuration: Sendable {
        public var host: String
        public var port: Int
        /// Empty for the default user.
        public var username = ""
        public var password: String?
        public var database = 0
        public var connectTimeout = TimeAmount.seconds(1)
        public var commandTimeout = TimeAmount.seconds(1)
        /// Commands sent whose reply has not come; one more is refused.
        public var maximumInFlight = 1024
        public var maximumCommandBytes = 1 << 20
        public var replyLimits = ReplyReader.Limits()

        public init(host: String, port: Int = 6379) {
            self.host = host
            self.port = port
        }
    }

    private let channel: any Channel
    private let handler: NIOLoopBound<RedisHandler>

    private init(channel: any Channel, handler: NIOLoopBound<RedisHandler>) {
        self.channel = channel
        self.handler = handler
    }

    /// Connects, signs in if there is a password, and selects the database.
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
            let address = "\(configuration.host):\(configuration.port)"
            throw RedisError(.connect, "cannot connect to \(address)", cause: error)
        }
        do {
            try await connection.signIn(configuration)
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
        try channel.pipeline.syncOperations.addHandler(handler)
        return RedisConnection(
            channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
    }

    private func signIn(_ configuration: Configuration) async throws {
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
        for reply in try await send(commands) {
            if let error = reply.error {
                throw RedisError(.authentication, "the server refused", cause: error)
            }
        }
    }

    public var isActive: Bool { channel.isActive }

    /// Sends a command and waits for its reply.
    ///
    /// An error reply is a value (`RedisValue.error`); what is thrown is a `RedisError`.
    public func send(_ command: RedisCommand) async throws -> RedisValue {
        try await submit([command])[0].get()
    }

    /// Sends commands one after the other in one write; the replies come in the same order.
    /// Others' commands may come between them at the server: this is no transaction.
    public func send(_ commands: [RedisCommand]) async throws -> [RedisValue] {
        let futures = submit(commands)
        var replies: [RedisValue] = []
        replies.reserveCapacity(commands.count)
        for future in futures { replies.append(try await future.get()) }
        return replies
    }

    private func submit(_ commands: [RedisCommand]) -> [EventLoopFuture<RedisValue>] {
        let promises = commands.map { _ in channel.eventLoop.makePromise(of: RedisValue.self) }
        let handler = handler
        // Runs at once if the caller is on the connection's loop already.
        if channel.eventLoop.inEventLoop {
            for (command, promise) in zip(commands, promises) {
                handler.value.send(command, promise)
            }
        } else {
            channel.eventLoop.execute {
                for (command, promise) in zip(commands, promises) {
                    handler.value.send(command, promise)
                }
            }
        }
        return promises.map(\.futureResult)
    }

    /// Closes; commands in flight fail.
    public func close() async {
        let handler = handler
        channel.eventLoop.execute { handler.value.close() }
        try? await channel.closeFuture.get()
    }
}
