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
            let issuers = self.keySets.status
            text.header(
                "assay_gateway_jwks_age_seconds",
                help: "Since the keys of an issuer were last fetched.", kind: .gauge)
            for issuer in issuers {
                guard let age = issuer.age else { continue }
                text.sample(
                    "assay_gateway_jwks_age_seconds", labels: [("issuer", issuer.issuer)],
                    age / .seconds(1))
            }
            text.header(
                "assay_gateway_jwks_keys", help: "Keys that an issuer's tokens may be signed with.",
                kind: .gauge)
            for issuer in issuers {
                text.sample(
                    "assay_gateway_jwks_keys", labels: [("issuer", issuer.issuer)],
                    Double(issuer.keys))
            }
            text.header(
                "assay_gateway_jwks_fetches_total", help: "Fetches of issuers' keys.",
                kind: .counter)
            for issuer in issuers {
                for (result, count) in [
                    ("failed", issuer.failures), ("ok", issuer.fetches - issuer.failures),
                ] {
                    text.sample(
                        "assay_gateway_jwks_fetches_total",
                        labels: [("issuer", issuer.issuer), ("result", result)],
                        Double(max(0, count)))
                }
            }
        }
    }
}
