import Logging
import Redis
import ServiceRuntime

/// Says in log and metrics when the shared store goes and comes back. The process lives on: what it
/// serves meanwhile is marked.
struct SharedStoreWatch: Sendable {
    private let client: RedisClient
    private let url: RedisURL
    private let logger: Logger

    init(_ client: RedisClient, _ url: RedisURL, _ environment: ServiceEnvironment) {
        self.client = client
        self.url = url
        logger = environment.logger
        environment.metrics.collect { text in
            text.header(
                "assay_features_redis_connected",
                help: "1 while there is a connection to the shared store.", kind: .gauge)
            text.sample("assay_features_redis_connected", client.isConnected ? 1 : 0)
            text.header(
                "assay_features_redis_connections_total",
                help: "Connections made to the shared store.", kind: .counter)
            text.sample("assay_features_redis_connections_total", Double(client.connectionsMade))
        }
    }

    /// Looks every second, until cancelled.
    func run() async throws {
        var wasConnected = true
        while true {
            try await Task.sleep(for: .seconds(1))
            let isConnected = client.isConnected
            defer { wasConnected = isConnected }
            guard isConnected != wasConnected else { continue }
            if isConnected {
                logger.notice("the shared store is back", metadata: ["redis": "\(url)"])
            } else {
                logger.error(
                    "the shared store is gone: values are unavailable, events not recorded",
                    metadata: [
                        "redis": "\(url)",
                        "error": "\(client.lastFailure.map { "\($0)" } ?? "the connection ended")",
                    ])
            }
        }
    }
}
