import AssayMessages
import RPC
import RiskCore
import ServiceRuntime

/// Counts decisions by what they were.
struct RiskMetrics {
    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) { self.registry = registry }

    @Sendable func observe(_ observation: RiskService.Observation) {
        switch observation {
        case .decided(_, isReplayed: true):
            registry.counter(
                "assay_risk_replayed_total", help: "Requests answered with an earlier decision."
            ).increment()
        case .decided(let decision, _):
            registry.counter(
                "assay_risk_decisions_total", help: "Decisions by kind, status and level.",
                labels: [
                    "kind": "\(decision.kind)", "status": "\(decision.status)",
                    "level": "\(decision.riskLevel)",
                ]
            ).increment()
            for code in decision.degraded {
                registry.counter(
                    "assay_risk_degraded_total", help: "Decisions made without something.",
                    labels: ["code": code]
                ).increment()
            }
        case .failed(let code):
            registry.counter(
                "assay_risk_failed_total", help: "Calls that decided nothing, by status.",
                labels: ["code": "\(code)"]
            ).increment()
        }
    }

    static func write(_ health: ExperimentFeed.Health, _ text: inout PrometheusText) {
        text.header(
            "assay_risk_experiment_decisions_total",
            help: "Decisions that met experiments, by what the model service made of them.",
            kind: .counter)
        text.sample(
            "assay_risk_experiment_decisions_total", labels: [("result", "told")],
            Double(health.told))
        text.sample(
            "assay_risk_experiment_decisions_total", labels: [("result", "refused")],
            Double(health.refused))
        text.header(
            "assay_risk_experiment_decisions_pending",
            help: "Records of the log that the model service is still to be told of.", kind: .gauge)
        text.sample(
            "assay_risk_experiment_decisions_pending", labels: [], Double(health.pending))
        text.header(
            "assay_risk_experiment_feed_failures_total",
            help: "Calls to tell of decisions that failed; they are made again.", kind: .counter)
        text.sample(
            "assay_risk_experiment_feed_failures_total", labels: [], Double(health.failures))
    }
}
