/// Whatever carries commands to a server, or to the servers of a cluster.
public protocol RedisSender: Sendable {
    /// Sends commands without waiting between them; as many replies, in their order.
    ///
    /// Commands on keys of one cluster slot run in their order. An error reply is a value.
    ///
    /// - Parameter timeout: how long the replies may take; nil takes the sender's own limit.
    func send(
        _ commands: [RedisCommand], timeout: Duration?
    ) async throws(RedisError) -> [RedisValue]

    /// Sends commands that nobody waits for: with the next ones that leave, after `delay` at the latest.
    /// A write, and a wake-up for its replies, of their own would cost as much as all they ask for.
    ///
    /// - Parameter done: called once, on any thread, with as many replies or why there are none.
    func sendLate(
        _ commands: [RedisCommand], within delay: Duration,
        _ done: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void)

    /// How often a connection was made: what was told to an earlier one may be lost.
    var connectionsMade: Int { get }
}

extension RedisSender {
    public func send(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        try await send(commands, timeout: nil)
    }

    public func send(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        try await send([command], timeout: timeout)[0]
    }

    /// At once: not before the delay is over is a liberty, no promise.
    public func sendLate(
        _ commands: [RedisCommand], within delay: Duration,
        _ done: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        Task {
            do throws(RedisError) {
                done(.success(try await send(commands)))
            } catch {
                done(.failure(error))
            }
        }
    }
}
