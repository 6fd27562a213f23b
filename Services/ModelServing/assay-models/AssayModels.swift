import ArgumentParser
import ModelCore
import NIOCore
import NIOPosix
import Observability
import RPC
import RPCServices
import RPCTransport
import ServiceRuntime
import Storage
import TLS

/// Model serving as a process: arguments, then wiring.
@main
struct AssayModels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay-models",
        abstract: "Keeps model versions and turns feature vectors into scores.")

    @OptionGroup var service: ServiceOptions

    @OptionGroup var shared: SharedRegistryOptions

    @OptionGroup(title: "Memory") var memory: MemoryOptions

    @Option(
        help: "Folder of experiment files, brought into force at the start and when they change.")
    var experiments: String?

    @Option(
        help: """
            Folder of files that say what aliases ask of versions, brought into force at the start and \
            when they change.
            """)
    var aliasPolicies: String?

    func run() async throws {
        let directory = try service.requireData()
        try await ServiceHarness(name: "models", options: service, adminPort: 9903).run {
            environment in
            let store = try RocksDBStore(
                directory: "\(directory)/registry",
                families: ModelRegistry.allFamilies)
            let artifacts = try ArtifactFolder(
                path: shared.artifacts ?? "\(directory)/artifacts",
                isShared: shared.registryRedis != nil)
            let sharedRegistry = try await shared.open(environment.group)
            let limits = memory.limits()
            let registry = try await ModelRegistry(
                over: sharedRegistry?.store ?? EmbeddedRegistryStore(store, tenant: "default"),
                artifacts: artifacts, shelf: limits.shelf,
                largestUpload: limits.largestUpload, now: WallClock.now)
            environment.logger.info(
                "memory for models",
                metadata: [
                    "idle_versions_bytes": "\(limits.shelf.bytes)",
                    "largest_upload_bytes": "\(limits.largestUpload)",
                ])
            let followed = FollowedRegistry(registry, environment)
            let policies = aliasPolicies.map {
                RunningPolicies(registry, folder: $0, environment)
            }
            // Before the first call can move an alias.
            await policies?.look()
            report(registry, environment)
            environment.metrics.collect { ServingMetrics.write(registry.snapshot, to: &$0) }
            registry.showEverywhere { [group = environment.group] look in
                for loop in group.makeIterator() { loop.execute(look) }
            }
            registry.followFailures { [logger = environment.logger] version in
                logger.error(
                    "a version cannot be loaded",
                    metadata: [
                        "alert": "load_failed", "model": "\(version.model)",
                        "version": "\(version.version)", "reason": "\(version.reason)",
                    ])
            }
            let shadows = try RunningShadows(registry, store, environment)
            let running = try RunningExperiments(
                registry, store, shadows: shadows.log, folder: experiments, environment)
            // Sealed decisions and model files are hashed for longer than the scoring loops can wait.
            let pool = HandlerPool(maximumWaiting: Self.maximumWaiting)
            let services = StandardServices.added(
                to: [
                    running.serving, ModelRegistryService(registry).runs(on: pool),
                    running.service.runs(on: pool),
                    shadows.service(registry, running.outcomes),
                    OpenInferenceService(running.serving) { [health = environment.health] in
                        health.readiness.isServing("") ?? false
                    },
                ],
                readiness: environment.health.readiness, reflection: service.reflection)
            let observability = try Observability(environment)
            let server = RPCServer(
                listeners: [
                    try environment.listener(
                        service, port: 7001, accepting: [Self.risk, Self.gateway])
                ],
                services: services,
                authorizer: authorizer, profile: .mesh,
                telemetry: observability.telemetry, group: environment.group)
            observability.watch(server)
            try await server.start()
            return RunningService(
                port: server.port,
                run: {
                    let clocks = [
                        Task { await running.ramp() }, Task { await running.look() },
                        Task { await running.follow() }, Task { await shadows.trim() },
                        Task { await followed.run() },
                        Task { await ArtifactSweeper(registry, environment).run() },
                        Task { if let policies { await policies.follow() } },
                    ]
                    try await server.run()
                    await pool.shutdown()
                    for clock in clocks { clock.cancel() }
                    for clock in clocks { await clock.value }
                    shadows.close()
                    running.drain()
                    store.close()
                    await sharedRegistry?.client.close()
                    await observability.close()
                },
                shutdown: { times in
                    registry.endWatches()
                    await server.shutdown(times)
                }, hurry: server.hurry)
        }
    }

    /// Calls of the registry and of experiments, with those that watch.
    private static let maximumWaiting = 1_024

    /// Risk scores the events it decides on, and tells experiments what it decided; the gateway forwards for people.
    private static let risk = SPIFFEID.service("assay-risk")
    private static let gateway = SPIFFEID.service("assay-gateway")

    private var authorizer: ScopeAuthorizer {
        ScopeAuthorizer(
            forwarders: [Self.risk.description, Self.gateway.description],
            services: [Self.risk.description: ["models.predict", "decisions.record"]],
            openScopes: [StandardServices.reflectionScope],
            trustsEveryPeer: service.isInsecure)
    }

    /// A version that an alias points to and that cannot be loaded keeps the process from being
    /// ready.
    private func report(_ registry: ModelRegistry, _ environment: ServiceEnvironment) {
        let health = environment.health.component("registry")
        let damaged = registry.snapshot.damagedAliases
        for version in damaged {
            environment.logger.error(
                "a version in use cannot be loaded",
                metadata: [
                    "model": "\(version.model)", "version": "\(version.version)",
                    "reason": "\(version.reason)",
                ])
        }
        if let first = damaged.first {
            health.markUnready("\(first.model) version \(first.version): \(first.reason)")
        } else {
            health.markReady()
        }
    }
}
