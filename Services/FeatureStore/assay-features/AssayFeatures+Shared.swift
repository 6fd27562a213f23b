import ArgumentParser
import FeatureCore
import FeatureEngine
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
            // One whose replies wait for replicas holds those behind it up.
            let connections = shared.redisReplicas == 0 ? 4 : 16
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

    /// The keeper of a shared store.
    func runKeeper(_ url: RedisURL, _ definitions: DefinitionSet) async throws {
        let directory = try service.requireData()
        var configuration = KeeperConfiguration()
        configuration.masterKey = try requireMasterKey()
        try await harness.run { environment in
            let client = try await shared.connect(to: url, connections: 1, environment.group)
            let logger = environment.logger
            var configuration = configuration
            configuration.reportFailure = { logger.error("the keeper's round ended: \($0)") }
            let owner = "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))"
            let keeper = SharedKeeper(
                client, definitions: definitions, configuration: configuration, owner: owner,
                clock: WallClock.now
            ) { tenant in
                try RocksDBStore(
                    directory: "\(directory)/\(SharedKeeper.directoryName(of: tenant))",
                    families: SharedKeeper.families)
            }
            try await keeper.check(allowsVolatile: shared.allowVolatile)
            let watch = SharedStoreWatch(client, url, environment)
            environment.metrics.collect(keeper.writeMetrics)
            let work = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await keeper.run() }
                    group.addTask { try await watch.run() }
                    try await group.next()
                    group.cancelAll()
                }
            }
            return RunningService(
                port: 0,
                run: {
                    do {
                        try await work.value
                    } catch is CancellationError {
                        // Asked to end: what there is now goes along.
                        _ = try? await keeper.round()
                    }
                    keeper.close()
                    await client.close()
                }, shutdown: { _ in work.cancel() })
        }
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
