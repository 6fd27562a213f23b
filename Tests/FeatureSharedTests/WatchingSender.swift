import Redis
import Synchronization

/// A client that tells what is sent, and loses the writes of states while it is told to.
final class WatchingSender: RedisSender {
    private struct State {
        var pipelines: [[String]] = []
        var losesWrites = false
    }

    private let client: RedisClient
    private let state = Mutex(State())

    init(_ client: RedisClient) { self.client = client }

    var connectionsMade: Int { client.connectionsMade }

    func loseWrites() { state.withLock { $0.losesWrites = true } }

    /// The names of the commands of each pipeline since the last call.
    func take() -> [[String]] {
        state.withLock { state in
            defer { state.pipelines = [] }
            return state.pipelines
        }
    }

    func send(
        _ commands: [RedisCommand], timeout: Duration?
    ) async throws(RedisError) -> [RedisValue] {
        let isLost = state.withLock { state in
            state.pipelines.append(commands.map { Self.text($0.arguments[0]) })
            return state.losesWrites && commands.contains(where: Self.writesState)
        }
        if isLost { throw RedisError(.connectionLost, "the write is lost") }
        return try await client.send(commands, timeout: timeout)
    }

    /// The one script with a single key.
    private static func writesState(_ command: RedisCommand) -> Bool {
        text(command.arguments[0]) == "EVALSHA" && text(command.arguments[2]) == "1"
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
