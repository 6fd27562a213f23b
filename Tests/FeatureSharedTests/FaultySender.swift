import Redis
import Synchronization

/// A client whose process ends, as it were, at one of its pipelines: that one and all later ones fail.
final class FaultySender: RedisSender {
    enum Fault: Sendable {
        /// The pipeline never reaches the server.
        case beforeSend
        /// The server does it all, and nobody hears of it.
        case beforeReply
    }

    private let client: RedisClient
    private let fault: Fault
    private let last: Int
    private let sent = Atomic<Int>(0)

    /// - Parameter at: the pipeline that fails, counted from 1; those by which a server makes sure that
    ///     it fits the store are not counted.
    init(_ client: RedisClient, fails fault: Fault, at last: Int) {
        self.client = client
        self.fault = fault
        self.last = last
    }

    private static let uncounted = ["INFO", "SETNX"].map { Array($0.utf8) }

    var connectionsMade: Int { client.connectionsMade }

    func send(
        _ commands: [RedisCommand], timeout: Duration?
    ) async throws(RedisError) -> [RedisValue] {
        guard let name = commands.first?.arguments[0], !Self.uncounted.contains(name) else {
            return try await client.send(commands, timeout: timeout)
        }
        let number = sent.add(1, ordering: .relaxed).newValue
        if number < last { return try await client.send(commands, timeout: timeout) }
        if number == last, fault == .beforeReply {
            _ = try await client.send(commands, timeout: timeout)
        }
        throw RedisError(.connectionLost, "the process has ended")
    }
}
