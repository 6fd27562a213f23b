import AssayMessages
import FeatureEngine
import NIOCore
import NIOPosix
import RPC
import Redis
import Storage
import TestSupport
import Wire

@testable import FeatureCore

/// A real Redis and any number of servers that share it.
final class SharedBench: Sendable {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    static let now = Timestamp(seconds: 1_760_000_000)!
    static let tenant = "bank"

    let redis: RedisServer
    /// A client of its own, to look and to meddle.
    let probe: RedisClient

    init(_ redis: RedisServer) async throws {
        self.redis = redis
        probe = Self.client(port: redis.port)
        try await probe.connected()
    }

    static func start(
        _ change: (inout RedisServer.Options) -> Void = { _ in }
    ) async throws -> SharedBench {
        try await SharedBench(RedisServer.start(change))
    }

    static func client(
        port: Int, _ change: (inout RedisClient.Configuration) -> Void = { _ in }
    ) -> RedisClient {
        var connection = RedisConnection.Configuration(host: "127.0.0.1", port: port)
        // Slow machines: what is tested here is not speed.
        connection.commandTimeout = .seconds(20)
        connection.connectTimeout = .seconds(20)
        connection.stallTimeout = .seconds(20)
        connection.scripts = SharedScripts.all
        connection.maximumInFlight = 65_536
        connection.maximumCommandBytes = 4 << 20
        connection.replyLimits.replyBytes = 64 << 20
        connection.replyLimits.replyElements = 1 << 20
        var configuration = RedisClient.Configuration(connection)
        configuration.firstPause = .milliseconds(1)
        change(&configuration)
        return RedisClient(configuration, group: group)
    }

    /// A server process, as it were.
    func server(
        port: Int? = nil, definitions: DefinitionSet? = nil,
        _ configure: (inout SharedStoreConfiguration) -> Void = { _ in },
        client change: (inout RedisClient.Configuration) -> Void = { _ in },
        sender: ((RedisClient) -> any RedisSender)? = nil
    ) async throws -> SharedServer {
        let client = Self.client(port: port ?? redis.port, change)
        try await client.connected()
        var configuration = SharedStoreConfiguration()
        configuration.roundTrip = .seconds(20)
        configuration.allowsVolatile = true
        // Keepers of these tests work only when the servers have nothing under way.
        configuration.ownership = .seconds(3_600)
        configure(&configuration)
        let store = try await SharedFeatureStore.open(
            sender?(client) ?? client, definitions: definitions ?? Bank.definitions(),
            configuration: configuration, clock: { Self.now })
        return SharedServer(client, store)
    }

    func keeper(
        _ directory: TemporaryDirectory, owner: String = "keeper",
        definitions: DefinitionSet? = nil,
        now: Timestamp = SharedBench.now,
        _ configure: (inout KeeperConfiguration) -> Void = { _ in },
        sender: ((RedisClient) -> any RedisSender)? = nil
    ) async throws -> TestKeeper {
        let client = Self.client(port: redis.port)
        try await client.connected()
        var configuration = KeeperConfiguration()
        configuration.roundTrip = .seconds(20)
        configuration.openLimit = .zero
        configuration.rowLife = .zero
        configure(&configuration)
        return try TestKeeper(
            client, sender?(client) ?? client, directory, owner: owner,
            definitions ?? Bank.definitions(), configuration, now: now)
    }

    func send(_ words: String...) async throws -> RedisValue {
        try await probe.send(RedisCommand(words.map { Array($0.utf8) }))
    }

    func close() async { await probe.close() }
}

/// One of the servers that share a store.
struct SharedServer: Sendable {
    let client: RedisClient
    let store: SharedFeatureStore
    let service: FeatureService

    init(_ client: RedisClient, _ store: SharedFeatureStore) {
        self.client = client
        self.store = store
        service = FeatureService(store)
    }

    static var context: ServerContext {
        ServerContext(
            method: AssayFeaturesV1.FeatureStore.scoreEvent,
            caller: Caller(
                tenant: SharedBench.tenant, client: "test",
                scopes: ["features.score", "features.read", "features.ingest"]))
    }

    /// Makes a server whose process ends before it has put an event into its states.
    static func ending(_ bench: SharedBench) async throws -> SharedServer {
        try await bench.server(sender: { FaultySender($0, fails: .beforeSend, at: 2) })
    }

    func score(
        _ event: AssayFeaturesV1.Event, _ vector: AssayFeaturesV1.VectorRef = Bank.vector,
        dryRun: Bool = false
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        try await service.scoreEvent(
            AssayFeaturesV1.ScoreEventRequest(event: event, vectors: [vector], dryRun: dryRun),
            context: Self.context)
    }

    /// Sends until the event is no longer on its way elsewhere.
    func scorePatiently(
        _ event: AssayFeaturesV1.Event, _ vector: AssayFeaturesV1.VectorRef = Bank.vector
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        while true {
            do {
                return try await score(event, vector)
            } catch let error as RPCError where error.code == .aborted {
                await Task.yield()
            }
        }
    }

    func close() async {
        await store.flush()
        await client.close()
    }
}

/// A keeper with its directory.
struct TestKeeper: Sendable {
    let client: RedisClient
    let keeper: SharedKeeper
    let storage: RocksDBStore

    init(
        _ client: RedisClient, _ sender: any RedisSender, _ directory: TemporaryDirectory,
        owner: String, _ definitions: DefinitionSet, _ configuration: KeeperConfiguration,
        now: Timestamp
    ) throws {
        self.client = client
        let storage = try RocksDBStore(
            directory: directory.path + "/bank", families: SharedKeeper.families)
        self.storage = storage
        keeper = SharedKeeper(
            sender, definitions: definitions, configuration: configuration,
            owner: owner, clock: { now }, open: { _, _ in storage })
    }

    /// The events on its disk, in the order of their sequences.
    func logRows() throws -> [AssayFeaturesV1.LogRow] {
        var rows: [AssayFeaturesV1.LogRow] = []
        try keeper.eventLog(of: SharedBench.tenant)?.scan(after: 0) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    /// Works until nothing is open any more.
    func settle(_ bench: SharedBench) async throws {
        repeat { try await keeper.round() } while try await bench.openEvents() > 0
        try await keeper.round()
    }

    func close() async {
        keeper.close()
        await client.close()
    }
}

extension SharedBench {
    /// Notes in the journals of all entities.
    func notes() async throws -> Int {
        var count = 0
        for case .bytes(let key) in try await send("KEYS", "*:state:*").elements ?? [] {
            // Beside the token and the blob.
            count += Int(try await probe.send(RedisCommand("HLEN", key: key)).integer ?? 0) - 2
        }
        return count
    }

    /// Events claimed and not yet applied everywhere.
    func openEvents() async throws -> Int {
        var count = 0
        for partition in 0..<16 {
            count += Int(
                try await send("ZCARD", "fs:{\(Self.tenant):log:\(partition)}:open").integer ?? 0)
        }
        return count
    }
}
