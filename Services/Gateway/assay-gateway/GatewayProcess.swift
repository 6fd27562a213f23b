import AssayMessages
import Foundation
import GatewayCore
import Logging
import Observability
import RPC
import RPCServices
import RPCTransport
import ServiceRuntime
import TLS

/// The gateway's object graph: snapshot, limiter, upstreams, handler, server.
final class GatewayProcess: Sendable {
    private let command: Settings
    private let snapshot: GatewaySnapshot
    private let identities: IdentityState
    private let reloader: ConfigurationReloader
    private let serviceConfig: ServiceConfigFile?
    private let counters = GatewayCounters(methods: PolicyTable.all)

    /// What the command line says, as plain values.
    private struct Settings: Sendable {
        var config: String
        var listen: ListenAddress?
        var admin: ListenAddress?
        var accessLog: String?
        var insecure: Bool
        var logLevel: Logger.Level
        var endpointDelay: Int
        var grace: Int
        var telemetry: [String]
    }

    /// - Parameter serviceConfig: tunes how upstreams are called; read again when it changes.
    init(
        command: GatewayCommand, snapshot: GatewaySnapshot, reloader: ConfigurationReloader,
        identities: IdentityState, serviceConfig: ServiceConfigFile?
    ) throws {
        self.reloader = reloader
        self.identities = identities
        self.serviceConfig = serviceConfig
        self.command = Settings(
            config: command.config, listen: command.listen, admin: command.admin,
            accessLog: command.accessLog, insecure: command.insecure,
            logLevel: command.logLevel, endpointDelay: command.endpointDelay, grace: command.grace,
            telemetry: command.telemetry.arguments)
        self.snapshot = snapshot
        guard snapshot.configuration.mesh != nil || command.insecure else {
            throw ConfigurationError(
                file: command.config, message: "mesh is missing: needed unless --insecure is given")
        }
    }

    /// What every service's command line has, from the configuration file.
    func options() throws -> ServiceOptions {
        let configured = snapshot.configuration.admin
        let admin =
            command.admin ?? ListenAddress(host: configured.address, port: configured.port)
        var arguments = [
            "--admin", "\(admin)", "--endpoint-delay", "\(command.endpointDelay)", "--grace",
            "\(command.grace)", "--log-level", command.logLevel.rawValue,
        ]
        arguments += command.telemetry
        if let mesh = snapshot.configuration.mesh, !command.insecure {
            arguments += [
                "--tls-certificate", path(mesh.certificate), "--tls-key", path(mesh.key),
                "--tls-trust", path(mesh.bundle),
            ]
        } else {
            arguments.append("--insecure")
        }
        return try ServiceOptions.parse(arguments)
    }

    func start(_ environment: ServiceEnvironment) async throws -> RunningService {
        let observability = try Observability(environment, namesTraces: true)
        let upstreams = UpstreamClients(
            config: command.config, isInsecure: command.insecure, serviceConfig: serviceConfig,
            environment: environment, observability: observability)
        let serving = ServingSlot(try await upstreams.state(for: snapshot))
        let readiness = await UpstreamReadiness(upstreams, environment)
        let written = snapshot.configuration.logs
        let logs = try GatewayLogs(
            access: command.accessLog ?? written.access.map(path),
            security: written.security.map(path), logger: environment.logger)
        for warning in snapshot.configuration.warnings {
            environment.logger.warning("\(warning)")
        }
        let shared = try SharedLimits(
            snapshot.configuration, config: command.config, environment)
        let limits = shared.limits
        let admission = AdmissionControl(replicas: { limits.rates.replicas.value })
        let load = LoadWatch(admission, serving: serving, environment: environment)
        let identity = SPIFFEID.service("assay-gateway").description
        GatewayPages(serving: serving, limits: limits, admission: admission)
            .add(to: environment.pages)
        let gateway = GatewayHandler(
            serving: serving, limits: limits, admission: admission, clock: .system,
            log: logs.access, security: logs.security, audit: logs.gate, counters: counters,
            seed: .random(in: 0 ... .max), claimedIdentity: command.insecure ? identity : nil)
        let callers = APIKeyAuthorizer(serving: serving, limits: limits, clock: .system)
        let server = RPCServer(
            listeners: try snapshot.configuration.listeners.map { try listener($0, environment) },
            handler: FrontHandler(
                own: ownServices(environment, callers), callers: callers, gateway: gateway),
            profile: .edge(snapshot.configuration.connections), telemetry: observability.telemetry,
            group: environment.group)
        observability.watch(server)
        identities.adopt(snapshot)
        logs.noteKeySets(of: identities.keySets)
        let keys = KeySetKeeper(
            identities.keySets, health: environment.health, logger: environment.logger)
        try await server.start()
        counters.collect(environment.metrics)
        collectMetrics(environment.metrics, server)
        identities.collectMetrics(environment.metrics)
        shared.collectMetrics(environment.metrics)
        logs.collect(environment.metrics)
        logs.start()
        load.collect(environment.metrics)
        let loadWatch = load.start()
        let configWatch = serviceConfig?.watch(environment.logger)
        let watch = ConfigurationWatch(
            reloader, serving: serving, upstreams: upstreams, identities: identities,
            security: logs.security, environment: environment)
        environment.certificateWatch.alsoLook {
            await watch.look()
            shared.apply(serving.current.snapshot.configuration)
        }
        return RunningService(
            port: server.port, run: { try await server.run() },
            shutdown: { times in
                await server.shutdown(times)
                configWatch?.cancel()
                keys.stop()
                readiness.stop()
                loadWatch.cancel()
                await upstreams.close()
                await shared.close()
                await observability.close()
                logs.stop()
            }, hurry: server.hurry)
    }

    /// Health, and the schemas of what is routed if that is switched on.
    private func ownServices(
        _ environment: ServiceEnvironment, _ callers: APIKeyAuthorizer
    ) -> ServiceRouter {
        ServiceRouter(
            StandardServices.added(
                to: [], readiness: environment.health.readiness,
                reflection: snapshot.configuration.reflection,
                showing: snapshot.configuration.routes.map(\.service)),
            authorizer: callers)
    }

    private func listener(
        _ configured: GatewayConfiguration.Listener, _ environment: ServiceEnvironment
    ) throws -> RPCListener {
        let isFirst = configured.name == snapshot.configuration.listeners[0].name
        let written = ListenAddress(host: configured.address, port: configured.port)
        let address = isFirst ? command.listen ?? written : written
        guard let tls = configured.tls else {
            guard address.isLoopback else {
                throw ConfigurationError(
                    file: command.config,
                    message: "\(configured.name): without tls it listens on loopback only")
            }
            var listener = RPCListener.plaintext(host: address.host, port: address.port)
            if configured.speaksHTTP1 { listener.http1 = .edge(snapshot.configuration.connections) }
            return listener
        }
        let certificates = try environment.certificateWatch.store(
            CertificateStore.Files(
                certificate: path(tls.certificate), key: path(tls.key),
                trust: tls.clientAuthorities.map(path)),
            named: isFirst ? "edge" : "edge-\(configured.name)")
        var listener = RPCListener.tls(
            host: address.host, port: address.port,
            context: try certificates.edgeContext(
                alpn: configured.speaksHTTP1
                    ? [ApplicationProtocol.http2, ApplicationProtocol.http11]
                    : [ApplicationProtocol.http2],
                insists: tls.clientCertificate == .required),
            handshakes: environment.handshakes)
        if configured.speaksHTTP1 { listener.http1 = .edge(snapshot.configuration.connections) }
        return listener
    }

    private func path(_ name: String) -> String {
        name == "-" ? name : GatewayLoader.resolve(name, besides: command.config)
    }

    private func collectMetrics(_ metrics: MetricsRegistry, _ server: RPCServer) {
        metrics.collect { text in
            text.header("assay_gateway_connections", help: "Connections of clients.", kind: .gauge)
            text.sample("assay_gateway_connections", Double(server.connectionCount))
        }
    }
}
