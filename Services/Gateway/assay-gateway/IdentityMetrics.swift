import GatewayCore
import ServiceRuntime

extension IdentityState {
    /// Adds what is known of credentials to the admin port's metrics.
    func collectMetrics(_ metrics: MetricsRegistry) {
        metrics.collect { text in
            text.header(
                "assay_gateway_key_last_used_seconds",
                help: "When an API key was used last, in seconds since 1970.", kind: .gauge)
            for use in self.keyUses.all() {
                text.sample(
                    "assay_gateway_key_last_used_seconds", labels: [("key_id", use.id)],
                    Double(use.lastUsed))
            }
        }
    }
}
