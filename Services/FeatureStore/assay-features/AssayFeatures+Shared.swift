import ArgumentParser
import FeatureCore
import FeatureEngine
import Logging
import Observability
import RPCServices
import RPCTransport
import Redis
import ServiceRuntime
import Storage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension AssayFeatures {
    /// One of several servers over a shared store.
    func runShared(_ url: RedisURL, _ definitions: DefinitionSet) async throws {
        var configuration = shared.configuration
        configuration.cacheBytes = cacheBytes
        configuration.masterKey = try requireMasterKey()
        try await harness.run { environment in
            // One for each loop, so that what its calls send at once leaves in one write; but one
            // whose replies wait for replicas holds those behind it up.
            let loops = environment.group.makeIterator().reduce(0) { count, _ in count + 1 }
            let connections = shared.redisReplicas == 0 ? loops : 16
            let client = try await shared.connect(
                to: url, connections: connections, environment.group)
            let store = try await SharedFeatureStore.open(
                client, definitions: definitions, configuration: configuration,
                clock: WallClock.now)
            let watch = SharedStoreWatch(client, url, environment)
            environment.metrics.collect(store.writeMetrics)
            let services = StandardServices.added(
                to: [FeatureService(store, access: access)],
                readiness: environment.health.readiness, reflection: service.reflection)
            let observability = try Observability(environment)
            let server = RPCServer(
                listeners: [try listener(environment)], services: services,
                authorizer: authorizer, profile: .mesh,
                telemetry: observability.telemetry, group: environment.group)
            observability.watch(server)
            try await server.start()
            return RunningService(
                port: server.port,
                run: {
                    try await Self.serve(server, store, watch)
                    await client.close()
                },
                shutdown: { times in
                    await server.shutdown(times)
                    await observability.close()
                }, hurry: server.hurry)
        }
    }

    /// Serves until shut down; then writes what is gathered.
    private static func serve(
        _ server: RPCServer, _ store: SharedFeatureStore, _ watch: SharedStoreWatch
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await store.run() }
            group.addTask { try await watch.run() }
            try await group.next()
            group.cancelAll()
        }
        await store.flush()
    }

    /// The keeper of a shared store, which answers what no server can.
    func runKeeper(_ url: RedisURL, _ definitions: DefinitionSet) async throws {
        let directory = try service.requireData()
        let masterKey = try requireMasterKey()
        try await harness.run { environment in
            let client = try await shared.connect(to: url, connections: 2, environment.group)
            let keeper = keeper(
                definitions, masterKey, client, directory, environment.logger)
            try await keeper.check(allowsVolatile: shared.allowVolatile)
            var configuration = shared.configuration
            configuration.cacheBytes = 64 << 20
            configuration.masterKey = masterKey
            let store = try await SharedFeatureStore.open(
                client, definitions: definitions, configuration: configuration,
                clock: WallClock.now)
            let watch = SharedStoreWatch(client, url, environment)
            environment.metrics.collect(keeper.writeMetrics)
            // Its disk may block.
            let pool = HandlerPool(maximumWaiting: Self.maximumWaiting)
            let service = FeatureService(
                KeeperFeatureStore(keeper, recordingThrough: store), access: access)
            let services = StandardServices.added(
                to: [service.runs(on: pool)], readiness: environment.health.readiness,
                reflection: self.service.reflection)
            let observability = try Observability(environment)
            let server = RPCServer(
                listeners: [try listener(environment)], services: services,
                authorizer: authorizer, profile: .mesh,
                telemetry: observability.telemetry, group: environment.group)
            observability.watch(server)
            try await server.start()
            return RunningService(
                port: server.port,
                run: {
                    try await Self.keep(keeper, server, store, watch)
                    await client.close()
                },
                shutdown: { times in
                    await server.shutdown(times)
                    await pool.shutdown()
                    await observability.close()
                }, hurry: server.hurry)
        }
    }

    private func keeper(
        _ definitions: DefinitionSet, _ masterKey: MasterKey, _ client: RedisClient,
        _ directory: String, _ logger: Logger
    ) -> SharedKeeper {
        var configuration = KeeperConfiguration()
        configuration.reportFailure = { logger.error("the keeper: \($0)") }
        configuration.masterKey = masterKey
        configuration.replicas = shared.redisReplicas
        let owner = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        return SharedKeeper(
            client, definitions: definitions, configuration: configuration, owner: owner,
            clock: WallClock.now
        ) { tenant, retention in
            try RocksDBStore(
                directory: "\(directory)/\(SharedKeeper.directoryName(of: tenant))",
                families: SharedKeeper.families, expiry: retention.expiry)
        }
    }

    /// Keeps until shut down; then takes what there is.
    private static func keep(
        _ keeper: SharedKeeper, _ server: RPCServer, _ store: SharedFeatureStore,
        _ watch: SharedStoreWatch
    ) async throws {
        defer { keeper.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await keeper.run() }
            group.addTask { try await store.run() }
            group.addTask { try await watch.run() }
            try await group.next()
            group.cancelAll()
        }
        await store.flush()
        _ = try? await keeper.round()
    }

    /// All processes of a shared store need the same key: one that lay with the data would be nobody's.
    private func requireMasterKey() throws -> MasterKey {
        guard let masterKey else {
            throw ValidationError(
                "--master-key is needed with --redis: a file with the same 64 hexadecimal digits"
                    + " for all servers and the keeper (openssl rand -hex 32)")
        }
        return try MasterKey.read(file: masterKey)
    }
}
