import GatewayCore
import Logging
import ServiceRuntime

/// Takes a changed configuration into use while the process serves, and says what became of it.
final class ConfigurationWatch: Sendable {
    private static let metric = "assay_gateway_config_reload_total"
    private static let longestSummary = 20

    private let reloader: ConfigurationReloader
    private let serving: ServingSlot
    private let upstreams: UpstreamClients
    private let identities: IdentityState
    private let security: SecurityLog
    private let logger: Logger
    private let loaded: Counter
    private let rejected: Counter

    init(
        _ reloader: ConfigurationReloader, serving: ServingSlot, upstreams: UpstreamClients,
        identities: IdentityState, security: SecurityLog, environment: ServiceEnvironment
    ) {
        self.reloader = reloader
        self.serving = serving
        self.upstreams = upstreams
        self.identities = identities
        self.security = security
        logger = environment.logger
        let help = "Changed configurations by what became of them."
        loaded = environment.metrics.counter(
            Self.metric, help: help, labels: ["result": "loaded"])
        rejected = environment.metrics.counter(
            Self.metric, help: help, labels: ["result": "rejected"])
    }

    func look() async {
        let (serving, upstreams, identities) = (serving, upstreams, identities)
        let finding = await reloader.look { snapshot in
            serving.replace(by: try await upstreams.state(for: snapshot))
            identities.adopt(snapshot)
        }
        switch finding {
        case .unchanged: break
        case .loaded(let snapshot, let change):
            loaded.increment()
            var event = SecurityEvent(.configurationChanged)
            event.hash = ConfigurationListing(snapshot).hash
            event.changes = Array(change.lines.prefix(Self.longestSummary))
            note(event)
            logger.info("the configuration has changed", metadata: Self.summary(change))
            for warning in snapshot.configuration.warnings { logger.warning("\(warning)") }
        case .refused(let error):
            rejected.increment()
            var event = SecurityEvent(.configurationRefused)
            event.detail = "\(error)"
            note(event)
            logger.error(
                "the configuration is refused, the old one stays in force",
                metadata: ["reason": "\(error)"])
        }
    }

    private func note(_ event: SecurityEvent) {
        security.append(event, unixMilliseconds: GatewayClock.system.unixMilliseconds())
    }

    private static func summary(_ change: ConfigurationChange) -> Logger.Metadata {
        let lines = change.lines.prefix(longestSummary).map { Logger.MetadataValue.string($0) }
        return ["changes": .stringConvertible(change.lines.count), "summary": .array(lines)]
    }
}
