internal import Redis

/// Why a server is not one to keep events on.
public struct UnfitServer: Error, CustomStringConvertible {
    public let description: String
}

/// What a server must promise before events are given to it.
enum ServerCheck {
    /// The first version with `XTRIM … MINID` and `ZRANGE … REV`.
    private static let oldest = [6, 2]

    static func check(_ redis: any RedisSender, allowsVolatile: Bool) async throws {
        let reply = try await redis.send(RedisCommand("INFO"), timeout: .seconds(5))
        if let error = reply.error { throw UnfitServer(description: "INFO: \(error)") }
        try check(info: reply.text ?? "", allowsVolatile: allowsVolatile)
    }

    static func check(info: String, allowsVolatile: Bool) throws(UnfitServer) {
        var values: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
        let version = values["redis_version"] ?? ""
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        guard !numbers.lexicographicallyPrecedes(oldest) else {
            throw UnfitServer(description: "the server is Redis \(version); 6.2 is needed")
        }
        let policy = values["maxmemory_policy"] ?? ""
        guard policy == "noeviction" else {
            throw UnfitServer(
                description:
                    "the server's maxmemory-policy is \(policy.isEmpty ? "unknown" : policy)"
                    + ": it would drop states when memory is short; set it to noeviction")
        }
        guard values["aof_enabled"] == "1" || allowsVolatile else {
            throw UnfitServer(
                description: "the server has no append-only file, so its end would lose events;"
                    + " set appendonly yes (or accept the loss: --allow-volatile)")
        }
    }
}
