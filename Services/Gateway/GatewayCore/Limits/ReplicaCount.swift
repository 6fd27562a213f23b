public import Redis
internal import Synchronization

/// How many gateways share the limits: what each may admit alone is divided by it.
public final class ReplicaCount: Sendable {
    private let known: Atomic<Int>
    private let isLive = Atomic<Bool>(false)

    /// - Parameter configured: holds until the live count is known.
    public init(configured: Int) {
        known = Atomic(max(1, configured))
    }

    /// Another number was written into the configuration.
    public func configured(_ count: Int) {
        if !isLive.load(ordering: .relaxed) { known.store(max(1, count), ordering: .relaxed) }
    }

    /// The last that was known.
    public var value: Int { known.load(ordering: .relaxed) }

    public func learned(_ count: Int) {
        isLive.store(true, ordering: .relaxed)
        known.store(min(max(1, count), Self.maximum), ordering: .relaxed)
    }

    /// More than this is a mistake of somebody who writes to the store.
    private static let maximum = 10_000
}

/// Tells the store that this replica is alive, and learns how many are.
public struct ReplicaHeartbeat: Sendable {
    private let client: RedisClient
    private let name: String
    private let replicas: ReplicaCount

    /// Who has not been heard of for 6 seconds does not count.
    public static let interval = Duration.seconds(2)
    static let key = Array("assay:gw1:alive".utf8)

    /// - Parameters:
    ///   - client: made with `RedisRateLimitStore.configured`.
    ///   - name: one that no other replica has, and that this one has once.
    public init(_ client: RedisClient, name: String, replicas: ReplicaCount) {
        self.client = client
        self.name = name
        self.replicas = replicas
    }

    /// To be called at each interval. While the store cannot be asked the last count holds.
    public func beat() async {
        let command = RedisScript.heartbeat.command(keys: [Self.key], [Array(name.utf8)])
        guard let reply = try? await client.send(command, timeout: .seconds(1)),
            let count = reply.integer
        else { return }
        replicas.learned(Int(clamping: count))
    }

    /// The replica ends: the others may use its share at once.
    public func leave() async {
        _ = try? await client.send(
            RedisCommand("ZREM", key: Self.key, Array(name.utf8)), timeout: .seconds(1))
    }
}
