import GatewayCore
import ServiceRuntime

extension GatewayCounters {
    /// Adds what became of requests and of their credentials to the admin port's metrics.
    func collect(_ metrics: MetricsRegistry) {
        metrics.collect { text in
            let requests = "assay_gateway_requests_total"
            text.header(requests, help: "Requests by how they ended.", kind: .counter)
            for (key, count) in self.all() {
                text.sample(
                    requests,
                    labels: [
                        ("method", key.method.isEmpty ? "unknown" : key.method),
                        ("face", "\(key.face)"), ("status", "\(key.status)"),
                        ("reason", key.reason),
                    ], Double(count))
            }
            self.authentication.write(to: &text)
        }
    }
}

extension AuthenticationCounters {
    fileprivate func write(to text: inout PrometheusText) {
        let total = "assay_gateway_auth_total"
        text.header(total, help: "Credentials by what they were good for.", kind: .counter)
        for count in all {
            text.sample(
                total, labels: [("kind", "\(count.kind)"), ("result", count.result)],
                Double(count.count))
        }
        let seconds = "assay_gateway_auth_seconds"
        text.header(seconds, help: "What finding out who calls took.", kind: .histogram)
        for time in times where !time.latency.isEmpty {
            text.histogram(
                seconds, labels: [("kind", "\(time.kind)"), ("cache", time.cache)],
                bounds: LatencyCounts.bounds, counts: time.latency.all, sum: time.latency.sum)
        }
    }
}
