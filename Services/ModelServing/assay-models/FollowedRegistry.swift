import Logging
import ModelCore
import Observability
import ServiceRuntime

/// Follows a shared registry, and says in log and metrics when it goes and comes back. The process
/// lives on: what it serves meanwhile is marked.
struct FollowedRegistry: Sendable {
    private let follower: RegistryFollower
    private let logger: Logger

    init(_ registry: ModelRegistry, _ environment: ServiceEnvironment) {
        let follower = RegistryFollower(registry)
        self.follower = follower
        logger = environment.logger
        environment.metrics.collect { text in
            text.header(
                "assay_models_registry_staleness_seconds",
                help: "Seconds since a shared registry was last heard of; 0 of an own one.",
                kind: .gauge)
            text.sample(
                "assay_models_registry_staleness_seconds", follower.stalenessSeconds)
        }
    }

    /// Looks every second, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            for event in await follower.look() { log(event) }
            try? await Task.sleep(for: RegistryFollower.interval)
        }
    }

    private func log(_ event: RegistryFollower.Event) {
        switch event {
        case .followed(let chains):
            logger.debug("others changed the registry", metadata: ["chains": "\(chains)"])
        case .lost(let reason):
            logger.error(
                "the shared registry is gone: what is served stays as it is",
                metadata: ["reason": "\(reason)"])
        case .stale(let seconds):
            logger.critical(
                "registry_stale: the shared registry has not been heard of; replies are flagged",
                metadata: ["seconds": "\(seconds)"])
        case .back: logger.notice("the shared registry is back")
        case .wentBack:
            logger.notice("the shared registry is another one that has lost nothing")
        case .behind(let chains):
            logger.critical(
                """
                registry_behind: the shared registry has lost acknowledged changes; what was known \
                goes on answering, replies are flagged, and changes of these are refused until its data \
                is back or all its processes are started again
                """, metadata: ["alert": "registry_behind", "chains": "\(chains)"])
        case .damaged(let chain, let reason):
            logger.error(
                "rows of the registry are damaged; what they say is not served",
                metadata: ["chain": "\(chain)", "reason": "\(reason)"])
        }
    }
}
