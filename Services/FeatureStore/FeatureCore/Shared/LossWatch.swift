internal import Redis
internal import Synchronization

/// Knows whether the shared store may have lost writes that its keeper has not made good yet: it has
/// another server behind it than the one that the keeper found whole.
///
/// A server that is started again, or that takes another's place, has a new id. The keeper holds it
/// against the log, builds again what was lost, and then writes the id down. What is read before that
/// is flagged `incomplete`, and so its digest is not that of a replay: it is in no training set.
final class LossWatch: Sendable {
    private static let maximumLooks = 8

    private struct Sight {
        let connections: Int
        /// Of the server that was there when nothing was in doubt, if there ever was one.
        let server: [UInt8]
        let isDoubted: Bool
    }

    /// By tenant.
    private let sights = Mutex<[String: Sight]>([:])
    private let redis: any RedisSender
    private let timeout: Duration

    init(_ redis: any RedisSender, timeout: Duration) {
        self.redis = redis
        self.timeout = timeout
    }

    /// Whether what was just read of a tenant may lack events. Costs nothing while nobody has lost a
    /// connection.
    func isDoubted(_ tenant: String) async -> Bool {
        let last = sights.withLock { $0[tenant] }
        if let last, last.connections == redis.connectionsMade, !last.isDoubted { return false }
        // Connections may be made meanwhile, as at the start of a process.
        for _ in 0..<Self.maximumLooks {
            let connections = redis.connectionsMade
            guard let seen = try? await look(tenant, last, connections) else { return true }
            guard connections == redis.connectionsMade else { continue }
            sights.withLock { $0[tenant] = seen }
            return seen.isDoubted
        }
        return true
    }

    private func look(
        _ tenant: String, _ last: Sight?, _ connections: Int
    ) async throws -> Sight {
        let key = SharedKeys(tenant: tenant).whole
        let replies = try await redis.send(
            [RedisCommand("INFO", "server"), RedisCommand("GET", key: key)], timeout: timeout)
        let server = try SharedServerID.read(replies[0])
        if let error = replies[1].error { throw error }
        var isDoubted = false
        if case .bytes(let whole) = replies[1] {
            isDoubted = whole != server
        } else if let last {
            // There was no keeper yet; what came before another server was there is as uncertain.
            isDoubted = last.isDoubted || last.server != server
        }
        // A doubt stays until the keeper ends it.
        let known = isDoubted ? last?.server ?? server : server
        return Sight(connections: connections, server: known, isDoubted: isDoubted)
    }
}

/// What tells one run of a server from another.
enum SharedServerID {
    static func read(_ info: RedisValue) throws(RedisServerError) -> [UInt8] {
        if let error = info.error { throw error }
        for line in (info.text ?? "").split(whereSeparator: \.isNewline)
        where line.hasPrefix("run_id:") {
            return Array(line.dropFirst(7).utf8)
        }
        throw RedisServerError("ERR INFO tells no run_id")
    }
}
