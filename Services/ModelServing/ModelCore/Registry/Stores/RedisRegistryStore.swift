package import Redis
package import Storage

/// The registry's rows on a Redis or Valkey server, shared by several processes.
///
/// A row is a text of its own; one sorted set per kind holds the keys of its rows in their order. All
/// keys carry the tenant as their hash tag, so that a change, which may touch several chains, is one
/// script in one slot. Artifacts are not here: they lie in a folder that all processes see.
package final class RedisRegistryStore: RegistryStore {
    /// What is asked of the server.
    package struct Configuration: Sendable {
        /// Replicas that must have a change before it is acknowledged.
        package var replicas = 0
        /// How long they may take.
        package var replicationTimeout = Duration.seconds(1)
        /// How long a reply may take.
        package var timeout = Duration.seconds(2)
        /// Whether a server will do that loses everything at its end.
        package var allowsVolatile = false

        package init() {}
    }

    /// Bytes of rows that are asked for at once.
    private static let pageBytes = 16 << 20

    private let redis: any RedisSender
    private let keys: RegistryRedisKeys
    private let configuration: Configuration

    /// - Throws: ``UnfitServer`` if the server cannot keep a registry, or keeps one of another layout.
    package init(
        _ redis: any RedisSender, tenant: String = "default",
        configuration: Configuration = Configuration()
    ) async throws {
        self.redis = redis
        self.configuration = configuration
        keys = RegistryRedisKeys(tenant: tenant)
        let check = RedisServerCheck(
            kept: "models", lost: "versions and aliases", keys: "mr:*", probes: keys.probes)
        try await check.check(redis, allowsVolatile: configuration.allowsVolatile)
        let layout = try await send([
            RedisCommand("SETNX", key: keys.layout, RegistryRedisKeys.presentLayout),
            RedisCommand("GET", key: keys.layout),
        ])[1]
        guard layout == .bytes(RegistryRedisKeys.presentLayout) else {
            throw UnfitServer(
                description: "the registry lies on the server as another version of Assay keeps"
                    + " it: this one needs an empty database")
        }
    }

    /// What a connection for this store must be able to do: a version's row has a manifest in it, which
    /// may have megabytes.
    package static func prepare(_ connection: inout RedisConnection.Configuration) {
        connection.scripts = RegistryScripts.all
        connection.maximumCommandBytes = 64 << 20
        connection.replyLimits.replyBytes = 80 << 20
        connection.replyLimits.replyElements = 1 << 20
    }

    // MARK: Reading

    package func get(_ wanted: [RegistryKey]) async throws(StorageError) -> [[UInt8]?] {
        guard !wanted.isEmpty else { return [] }
        let values = try await values(wanted.map(keys.row))
        // An answer is given again only once it is as safe as the first one had to be.
        if zip(wanted, values).contains(where: { $0.kind.expires && $1 != nil }) {
            try await confirmAll()
        }
        return values
    }

    package func rows(
        _ range: RegistryRange, after: RegistryKey?, limit: Int
    ) async throws(StorageError) -> [RegistryRow] {
        var rows: [RegistryRow] = []
        var last = after
        // Rows that were deleted since their keys were read leave room for more.
        while rows.count < limit {
            let wanted = min(limit - rows.count, 1_024)
            let members = try await members(range, after: last, limit: wanted)
            for batch in try await batches(members) {
                let values = try await values(batch.map(keys.row))
                for (key, value) in zip(batch, values) {
                    if let value { rows.append(RegistryRow(key, value)) }
                }
            }
            last = members.last
            if members.count < wanted { break }
        }
        return rows
    }

    package func kinds() async throws(StorageError) -> [RowKind] {
        let reply = try await send([RedisCommand("SMEMBERS", key: keys.kinds)])[0]
        let kinds = (reply.elements ?? []).compactMap(\.text).sorted().map { RowKind($0) }
        return [.head] + kinds
    }

    /// Keys of a range, in their order.
    private func members(
        _ range: RegistryRange, after: RegistryKey?, limit: Int
    ) async throws(StorageError) -> [RegistryKey] {
        let prefix = range.prefix
        let start = after.map { [UInt8(ascii: "(")] + $0.bytes } ?? [UInt8(ascii: "[")] + prefix
        // No key has this byte: names are ASCII, and ids stand behind their chain.
        let end = [UInt8(ascii: "(")] + RegistryRedisKeys.end(of: prefix)
        let reply = try await send([
            RedisCommand(
                "ZRANGEBYLEX", key: keys.index(range.kind), start, end, Array("LIMIT".utf8),
                Array("0".utf8), Array("\(limit)".utf8))
        ])[0]
        return try (reply.elements ?? []).map { element throws(StorageError) in
            guard case .bytes(let bytes) = element, let key = RegistryKey(bytes) else {
                throw StorageError(.corrupt, "registry: a key of the \(range.kind) rows is damaged")
            }
            return key
        }
    }

    /// Keys in groups whose values are about a page.
    private func batches(
        _ members: [RegistryKey]
    ) async throws(StorageError) -> [[RegistryKey]] {
        guard !members.isEmpty else { return [] }
        let sizes = try await send(members.map { RedisCommand("STRLEN", key: keys.row($0)) })
        var batches: [[RegistryKey]] = []
        var bytes = Int.max
        for (key, size) in zip(members, sizes) {
            let size = Int(size.integer ?? 0)
            if bytes > Self.pageBytes - size {
                batches.append([])
                bytes = 0
            }
            batches[batches.count - 1].append(key)
            bytes += size
        }
        return batches
    }

    private func values(_ rows: [[UInt8]]) async throws(StorageError) -> [[UInt8]?] {
        guard !rows.isEmpty else { return [] }
        let reply = try await send([RedisCommand([Array("MGET".utf8)] + rows)])[0]
        guard let elements = reply.elements, elements.count == rows.count else {
            throw StorageError(.io, "registry: MGET answered \(reply)")
        }
        return elements.map { if case .bytes(let bytes) = $0 { bytes } else { nil } }
    }

    package func movedChains(
        since position: UInt64
    ) async throws(StorageError) -> (position: UInt64, chains: [String])? {
        let replies = try await send([
            RedisCommand("GET", key: keys.changes),
            RedisCommand(
                "ZRANGEBYSCORE", key: keys.moves, Array("(\(position)".utf8), Array("+inf".utf8)),
        ])
        let newest = replies[0].text.flatMap { UInt64($0) } ?? 0
        return (newest, (replies[1].elements ?? []).compactMap(\.text))
    }

    // MARK: Writing

    package func commit(_ change: RegistryChange) async throws(StorageError) -> Bool {
        var commands = [keys.commit(change)]
        if configuration.replicas > 0 { commands.append(wait) }
        let replies = try await send(commands)
        switch replies[0].integer {
        case 1: break
        case 0: return false
        default: throw StorageError(.io, "registry: the change was answered with \(replies[0])")
        }
        if configuration.replicas > 0 { try checkConfirmed(replies[1]) }
        return true
    }

    private var wait: RedisCommand {
        let milliseconds = configuration.replicationTimeout / .milliseconds(1)
        return RedisCommand("WAIT", "\(configuration.replicas)", "\(Int(milliseconds))")
    }

    /// Waits until all that was ever written is on the replicas: `WAIT` counts from what its own
    /// connection wrote.
    private func confirmAll() async throws(StorageError) {
        guard configuration.replicas > 0 else { return }
        let mark = RedisCommand("SET", key: keys.mark, Array("1".utf8))
        try checkConfirmed(try await send([mark, wait])[1])
    }

    private func checkConfirmed(_ reply: RedisValue) throws(StorageError) {
        let count = reply.integer ?? 0
        guard count < configuration.replicas else { return }
        throw StorageError(
            .io,
            "the change is written, but only \(count) of \(configuration.replicas) replicas "
                + "confirmed it; ask again with the same request_id")
    }

    // MARK: Sending

    /// An error reply is thrown: none of our commands may fail.
    private func send(
        _ commands: [RedisCommand]
    ) async throws(StorageError) -> [RedisValue] {
        let replies: [RedisValue]
        do throws(RedisError) {
            let waits = configuration.replicas > 0 ? configuration.replicationTimeout : .zero
            replies = try await redis.send(commands, timeout: configuration.timeout + waits)
        } catch {
            let outcome = error.mayHaveHadEffect ? " (a change may have been written)" : ""
            throw StorageError(.io, "\(error)\(outcome)")
        }
        for reply in replies {
            guard let error = reply.error else { continue }
            throw StorageError(error.code == "OOM" ? .full : .io, "redis: \(error)")
        }
        return replies
    }
}
