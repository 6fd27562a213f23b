/// Why a server is not one to keep things on.
public struct UnfitServer: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// What a server must promise before anything that is to stay is given to it.
public struct RedisServerCheck: Sendable {
    /// The first version with `XTRIM … MINID` and `ZRANGE … REV`.
    private static let oldest = [6, 2]

    /// What is kept on the server, for the person who reads a refusal: "states".
    public var kept: String
    /// What its sudden end would lose: "events".
    public var lost: String
    /// The keys that are used, as an access list has them: "fs:*".
    public var keys: String
    /// The commands that are used on keys, each on one that is nobody's: what an access list refuses
    /// shows here, and not with the first write. Other errors say nothing.
    public var probes: [RedisCommand]

    public init(kept: String, lost: String, keys: String, probes: [RedisCommand]) {
        self.kept = kept
        self.lost = lost
        self.keys = keys
        self.probes = probes
    }

    /// - Parameter allowsVolatile: whether a server will do that loses everything at its end.
    public func check(_ redis: any RedisSender, allowsVolatile: Bool) async throws {
        let reply = try await redis.send(RedisCommand("INFO"), timeout: .seconds(5))
        if let error = reply.error { throw UnfitServer(description: "INFO: \(error)") }
        let values = Self.values(of: reply.text ?? "")
        try check(values, allowsVolatile: allowsVolatile)
        try await checkRights(redis)
        guard values["redis_mode"] == "cluster" else { return }
        let slots = try await redis.send(RedisCommand("CLUSTER", "SLOTS"), timeout: .seconds(5))
        guard Self.servesAll(slots) else {
            throw UnfitServer(
                description: "the server is one of several nodes of a cluster, whose redirections"
                    + " are not followed: give the address of a server that has all slots, or of"
                    + " a proxy that hides the cluster")
        }
    }

    /// Whether one master has all slots of a cluster. Each range is first, last, master, replicas.
    private static func servesAll(_ slots: RedisValue) -> Bool {
        var masters: Set<RedisValue> = []
        var count: Int64 = 0
        for range in slots.elements ?? [] {
            guard let parts = range.elements, parts.count >= 3, let first = parts[0].integer,
                let last = parts[1].integer, (0...16_383).contains(first),
                (first...16_383).contains(last)
            else { return false }
            count += last - first + 1
            masters.insert(parts[2])
        }
        return masters.count == 1 && count == 16_384
    }

    private func checkRights(_ redis: any RedisSender) async throws {
        let replies = try await redis.send(probes, timeout: .seconds(5))
        for (probe, reply) in zip(probes, replies) {
            guard let error = reply.error, error.code == "NOPERM" else { continue }
            let name = String(decoding: probe.arguments[0], as: UTF8.self)
            throw UnfitServer(description: "our user may not use \(name) on keys \(keys): \(error)")
        }
    }

    private static func values(of info: String) -> [Substring: Substring] {
        var values: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
        return values
    }

    private func check(
        _ values: [Substring: Substring], allowsVolatile: Bool
    ) throws(UnfitServer) {
        try Self.checkKind(mode: values["redis_mode"], role: values["role"])
        let version = values["redis_version"] ?? ""
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        guard !numbers.lexicographicallyPrecedes(Self.oldest) else {
            throw UnfitServer(description: "the server is Redis \(version); 6.2 is needed")
        }
        let policy = values["maxmemory_policy"] ?? ""
        guard policy == "noeviction" else {
            throw UnfitServer(
                description:
                    "the server's maxmemory-policy is \(policy.isEmpty ? "unknown" : policy)"
                    + ": it would drop \(kept) when memory is short; set it to noeviction")
        }
        guard values["aof_enabled"] == "1" || allowsVolatile else {
            throw UnfitServer(
                description: "the server has no append-only file, so its end would lose \(lost);"
                    + " set appendonly yes (or accept the loss: --allow-volatile)")
        }
    }

    /// A master, or a proxy that looks like one.
    private static func checkKind(
        mode: Substring?, role: Substring?
    ) throws(UnfitServer) {
        guard mode != "sentinel" else {
            throw UnfitServer(
                description: "the server is a Sentinel, which keeps no data: give an address that"
                    + " leads to the master also after a failover, such as a name in DNS, a"
                    + " virtual address or a proxy")
        }
        guard role != "slave" else {
            throw UnfitServer(
                description: "the server is a replica, which takes no writes: give the address of"
                    + " its master")
        }
    }
}
