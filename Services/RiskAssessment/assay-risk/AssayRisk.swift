import ArgumentParser
import AssayMessages
import Foundation
import Observability
import RPC
import RPCServices
import RPCTransport
import RiskCore
import ServiceRuntime
import Storage
import TLS

@main
enum Main {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.contains(where: { $0.hasPrefix("--verify-log") }) {
            VerifyLog.main(Array(arguments))
        } else {
            await AssayRisk.main(Array(arguments))
        }
    }
}

/// Risk assessment as a process: arguments, then wiring.
struct AssayRisk: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assay-risk",
        abstract: "Turns payments and loan applications into decisions with reasons.",
        discussion: "assay-risk --verify-log DIR proves the decision log of a stopped service.")

    @OptionGroup var service: ServiceOptions

    @Option(
        help: "The feature store: host:port, dns:///host:port, static:///a:1,b:2 or file:///path.")
    var features = "127.0.0.1:7003"

    @Option(help: "The model service, in the same forms.")
    var models = "127.0.0.1:7001"

    @Option(
        help: "File with the service config of calls to both, as gRPC has it; read again on change."
    )
    var serviceConfig: String?

    @OptionGroup var ruleOptions: RuleOptions

    @Option(help: "Model for payments; rules decide alone while it is not registered.")
    var paymentModel = "payment-fraud"

    @Option(help: "Model for loan applications.")
    var creditModel = "credit-german"

    @OptionGroup var facts: FactOptions

    @Option(help: "MiB of the data's disk that must be free; below it nothing is decided.")
    var diskReserve: UInt32 = 256

    func run() async throws {
        let directory = try service.requireData()
        let (folder, compiler) = try ruleOptions.read()
        try await ServiceHarness(name: "risk", options: service, adminPort: 9902).run {
            environment in
            let storage = try openStore(directory)
            let log = try DecisionLog(
                store: storage, newChain: "risk-\(UUID().uuidString.lowercased())")
            let logWatch = LogWatch(storage, log, environment)
            let schemas = SchemaArchive(
                directory: URL(filePath: directory).appending(path: "schemas"))
            try schemas.keep(AssayRiskV1.DecisionRecord.self)
            try schemas.keep(AssayRiskV1.ChangeRecord.self)
            let archive = RuleArchive(store: storage)
            let administrator = try await ruleOptions.open(
                folder, compiler, storage, archive, log, build: self.configuration.build,
                environment.logger)
            let metrics = RiskMetrics(environment.metrics)
            let observability = try Observability(environment)
            let upstreams = try Upstreams(self, environment, observability)
            await upstreams.warmUp()
            let watch = upstreams.watchConfig(environment)
            let feed = try ExperimentFeed(
                store: storage, log: log, models: upstreams.models)
            environment.metrics.collect { RiskMetrics.write(feed.health, &$0) }
            environment.metrics.collect { RuleMetrics.write(administrator, &$0) }
            var configuration = configuration
            try facts.apply(to: &configuration, storage)
            let risk = RiskService(
                live: administrator.live, features: upstreams.features,
                models: upstreams.models, store: storage, log: log,
                surroundings: .system, configuration: configuration, archive: archive,
                experiments: feed,
                observe: metrics.observe)
            let services = StandardServices.added(
                to: [
                    risk,
                    RuleAdministrationService(
                        administrator, backtests: BacktestDesk(store: storage, archive: archive)),
                    DecisionLogService(store: storage, log: log, archive: archive),
                ],
                readiness: environment.health.readiness, reflection: service.reflection)
            let server = RPCServer(
                listeners: [
                    try environment.listener(service, port: 7002, accepting: [Self.gateway])
                ], services: services, authorizer: authorizer,
                profile: .mesh, telemetry: observability.telemetry, group: environment.group)
            observability.watch(server, [upstreams.features, upstreams.models])
            try await server.start()
            environment.logger.info(
                "\(administrator.health.rules) rules live, \(log.lastSequence) records in the log")
            let changing = ruleOptions.watch(administrator, environment.logger)
            return RunningService(
                port: server.port,
                run: {
                    let telling = Task { [logger = environment.logger] in
                        await feed.run(
                            report: {
                                logger.warning(
                                    "experiments were not told of decisions",
                                    metadata: ["problem": "\($0)"])
                            },
                            sleep: { try await Task.sleep(for: $0) })
                    }
                    let watching = Task { await logWatch.run() }
                    try await server.run()
                    changing.cancel()
                    watching.cancel()
                    await watching.value
                    telling.cancel()
                    await telling.value
                    watch?.cancel()
                    await upstreams.close()
                    await observability.close()
                    await log.close()
                    storage.close()
                },
                shutdown: server.shutdown, hurry: server.hurry)
        }
    }

    private func openStore(_ directory: String) throws -> ReopenableStore {
        var options = RocksDBOptions()
        options.reservedBytes = UInt64(diskReserve) << 20
        return try ReopenableStore { [options] () throws(StorageError) -> any KeyValueStore in
            try RocksDBStore(
                directory: directory, families: RiskService.families, options: options)
        }
    }

    // MARK: Configuration

    private var configuration: RiskConfiguration {
        var configuration = RiskConfiguration()
        configuration.paymentModel = paymentModel.isEmpty ? nil : paymentModel
        configuration.creditModel = creditModel
        return configuration
    }

    // MARK: Wiring

    private static let gateway = SPIFFEID.service("assay-gateway")

    /// The gateway forwards for people and programs; nobody else calls.
    private var authorizer: ScopeAuthorizer {
        ScopeAuthorizer(
            forwarders: [Self.gateway.description],
            openScopes: [StandardServices.reflectionScope], trustsEveryPeer: service.isInsecure)
    }
}
