import ArgumentParser
import FeatureCore
import FeatureEngine
import Observability
import RPC
import RPCServices
import RPCTransport
import ServiceRuntime
import Storage
import TLS

/// The feature store as a process: arguments, then wiring.
@main
struct AssayFeatures: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay-features",
        abstract: "Turns a stream of events into feature vectors.")

    @OptionGroup var service: ServiceOptions

    @Option(help: "Folder with the feature definitions (YAML).")
    var definitions = "deploy/definitions"

    @Flag(
        help: """
            Take the folder whatever definitions are in force in the data: states are made anew \
            before the service is ready. Without it others are applied to the running service.
            """)
    var replaceDefinitions = false

    @Option(help: "Memory for decoded states, in MiB; by default a quarter of what there is.")
    var cacheMegabytes: Int?

    @Option(
        help: "What an acknowledged event survives: synced (a power cut), written (the process).")
    var durability = EventDurability.synced

    @Flag(help: "Store states with the event that changed them, instead of behind it.")
    var strictStates = false

    @Option(
        help: """
            File with the key that hides people in the data: 64 hexadecimal digits. Without it the \
            key lies with the data. All servers and the keeper of a shared store need the same.
            """)
    var masterKey: String?

    @Option(
        help: """
            server, or keeper: the one process that takes the events of a shared store to its own \
            disk and finishes what servers have left.
            """)
    var role = ServiceRole.server

    @OptionGroup(title: "Shared store") var shared: SharedStoreOptions

    func validate() throws {
        if role == .keeper, shared.redis == nil {
            throw ValidationError("--role keeper needs --redis")
        }
        if role == .server, shared.redis != nil, service.data != nil {
            throw ValidationError("--redis holds the data of a server: leave --data out")
        }
        guard cacheMegabytes.map((16...1_048_576).contains) ?? true else {
            throw ValidationError("--cache-megabytes must be 16 to 1048576")
        }
    }

    func run() async throws {
        let folder = try DefinitionSources(folder: definitions)
        switch (shared.redis, role) {
        case (nil, _): try await runEmbedded(folder)
        case (let redis?, .server): try await runShared(redis, try folder.compile())
        case (let redis?, .keeper): try await runKeeper(redis, try folder.compile())
        }
    }

    var harness: ServiceHarness {
        ServiceHarness(
            name: "features", options: service, adminPort: role == .keeper ? 9914 : 9904)
    }

    var cacheBytes: Int { cacheMegabytes.map { $0 << 20 } ?? ProcessMemory.shared.limit / 4 }

    private func runEmbedded(_ folder: DefinitionSources) async throws {
        let directory = try service.requireData()
        var configuration = FeatureStoreConfiguration()
        configuration.cacheBytes = cacheBytes
        configuration.durability = durability
        configuration.strictStates = strictStates
        configuration.masterKey = try masterKey.map(MasterKey.read(file:))

        let made = configuration
        try await harness.run { environment in
            var configuration = made
            let logger = environment.logger
            configuration.reportFailure = { logger.error("the store: \($0)") }
            configuration.log = { logger.notice("\($0)") }
            let retention = StoreRetention()
            let storage = try RocksDBStore(
                directory: directory, families: EmbeddedFeatureStore.families,
                expiry: retention.expiry, options: EmbeddedFeatureStore.storageOptions)
            let store = try await EmbeddedFeatureStore.open(
                storage, folder: folder, replaces: replaceDefinitions, retention: retention,
                configuration: configuration, clock: WallClock.now)
            let pool = HandlerPool(maximumWaiting: Self.maximumWaiting)
            environment.metrics.collect(store.writeMetrics)
            let services = StandardServices.added(
                to: [FeatureService(store, access: access).runs(on: pool)],
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
                run: { try await Self.serve(server, store, environment) },
                shutdown: { times in
                    await server.shutdown(times)
                    await pool.shutdown()
                    await observability.close()
                }, hurry: server.hurry)
        }
    }

    /// Calls in the process beyond those that the threads run. Handlers are on threads of their own,
    /// since the disk may block them.
    static let maximumWaiting = 4_096

    /// Risk calls for the payments it decides on; the gateway forwards for people.
    private static let risk = SPIFFEID.service("assay-risk")
    private static let gateway = SPIFFEID.service("assay-gateway")

    /// Risk decides on payments and on loans; what the gateway forwards needs a scope of its caller.
    var access: FeatureAccess {
        FeatureAccess(
            services: [Self.risk.description: [.fraud, .aml, .credit]],
            trustsEveryPeer: service.isInsecure)
    }

    var authorizer: ScopeAuthorizer {
        ScopeAuthorizer(
            forwarders: [Self.risk.description, Self.gateway.description],
            services: [Self.risk.description: ["features.score", "features.read"]],
            openScopes: [StandardServices.reflectionScope],
            trustsEveryPeer: service.isInsecure)
    }

    func listener(_ environment: ServiceEnvironment) throws -> RPCListener {
        try environment.listener(
            service, port: role == .keeper ? 7013 : 7003, accepting: [Self.risk, Self.gateway])
    }

    /// Serves until shut down, storing changed states meanwhile; then stores what is left.
    private static func serve(
        _ server: RPCServer, _ store: EmbeddedFeatureStore, _ environment: ServiceEnvironment
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await store.run() }
            group.addTask { try await audit(store, environment) }
            group.addTask { try await watchDrift(store, environment) }
            // The server ends when it is shut down; the others only by a failure to store.
            try await group.next()
            group.cancelAll()
        }
        try await store.close()
    }

    /// Compares what is served with the pinned baselines, each hour.
    private static func watchDrift(
        _ store: EmbeddedFeatureStore, _ environment: ServiceEnvironment
    ) async throws {
        let logger = environment.logger
        while true {
            do {
                try await store.watchDrift { report in
                    for entry in report.entries where !entry.alerts.isEmpty {
                        let alerts = entry.alerts.map { "\($0.feature) \($0.alert)" }
                        logger.warning(
                            "drift: values are not what they were",
                            metadata: [
                                "tenant": "\(entry.tenant)", "vector": "\(entry.vector)",
                                "alerts": "\(alerts.prefix(16).joined(separator: ", "))",
                            ])
                    }
                    for stale in report.stale {
                        logger.warning(
                            "a snapshot is older than it may be",
                            metadata: [
                                "snapshot": "\(stale.name)", "seconds": "\(stale.age)",
                                "bound": "\(stale.bound)",
                            ])
                    }
                }
            } catch let error where !(error is CancellationError) {
                logger.error("drift was not computed", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .seconds(60))
            }
        }
    }

    /// Holds what was served against the log. What it cannot read now it tries again later.
    private static func audit(
        _ store: EmbeddedFeatureStore, _ environment: ServiceEnvironment
    ) async throws {
        let logger = environment.logger
        while true {
            do {
                try await store.audit { finding in
                    logger.error(
                        "skew: what was served is not what the log gives",
                        metadata: ["finding": "\(finding)", "tenant": "\(finding.tenant)"])
                }
            } catch let error where !(error is CancellationError) {
                logger.error("the auditor stopped", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .seconds(60))
            }
        }
    }
}
