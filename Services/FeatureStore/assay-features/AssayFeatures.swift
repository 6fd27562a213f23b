import ArgumentParser
import FeatureCore
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
            key lies with the data.
            """)
    var masterKey: String?

    func validate() throws {
        guard cacheMegabytes.map((16...1_048_576).contains) ?? true else {
            throw ValidationError("--cache-megabytes must be 16 to 1048576")
        }
    }

    func run() async throws {
        let directory = try service.requireData()
        let definitionSet = try DefinitionFolder.load(definitions)
        var configuration = FeatureStoreConfiguration()
        configuration.cacheBytes = cacheMegabytes.map { $0 << 20 } ?? ProcessMemory.shared.limit / 4
        configuration.durability = durability
        configuration.strictStates = strictStates
        configuration.masterKey = try masterKey.map(MasterKey.read(file:))

        try await ServiceHarness(name: "features", options: service, adminPort: 9904).run {
            environment in
            let retention = StoreRetention()
            let storage = try RocksDBStore(
                directory: directory, families: EmbeddedFeatureStore.families,
                expiry: retention.expiry, options: Self.storageOptions)
            let store = try await EmbeddedFeatureStore.open(
                storage, definitions: definitionSet, retention: retention,
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
                run: { try await Self.serve(server, store) },
                shutdown: { times in
                    await server.shutdown(times)
                    await pool.shutdown()
                    await observability.close()
                }, hurry: server.hurry)
        }
    }

    /// Opening reads the write-ahead log again, so it is kept short.
    private static var storageOptions: RocksDBOptions {
        var options = RocksDBOptions()
        options.maximumLogBytes = 64 << 20
        return options
    }

    /// Calls in the process beyond those that the threads run. Handlers are on threads of their own,
    /// since the disk may block them.
    private static let maximumWaiting = 4_096

    /// Risk calls for the payments it decides on; the gateway forwards for people.
    private static let risk = SPIFFEID.service("assay-risk")
    private static let gateway = SPIFFEID.service("assay-gateway")

    /// Risk decides on payments and on loans; what the gateway forwards needs a scope of its caller.
    private var access: FeatureAccess {
        FeatureAccess(
            services: [Self.risk.description: [.fraud, .aml, .credit]],
            trustsEveryPeer: service.isInsecure)
    }

    private var authorizer: ScopeAuthorizer {
        ScopeAuthorizer(
            forwarders: [Self.risk.description, Self.gateway.description],
            services: [Self.risk.description: ["features.score", "features.read"]],
            openScopes: [StandardServices.reflectionScope],
            trustsEveryPeer: service.isInsecure)
    }

    private func listener(_ environment: ServiceEnvironment) throws -> RPCListener {
        let address = service.listen ?? ListenAddress(host: "127.0.0.1", port: 7003)
        guard let certificates = environment.certificates else {
            return .plaintext(
                host: address.host, port: address.port,
                insecure: service.insecureEverywhere ? .everywhere : .loopback)
        }
        return .tls(
            host: address.host, port: address.port,
            context: try certificates.serverContext(accepting: [Self.risk, Self.gateway]),
            handshakes: environment.handshakes)
    }

    /// Serves until shut down, storing changed states meanwhile; then stores what is left.
    private static func serve(_ server: RPCServer, _ store: EmbeddedFeatureStore) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await store.run() }
            // The server ends when it is shut down; the other task only by a failure to store.
            try await group.next()
            group.cancelAll()
        }
        try await store.close()
    }
}
