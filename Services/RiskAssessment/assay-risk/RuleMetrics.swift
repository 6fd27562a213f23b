import RiskCore
import ServiceRuntime

/// What the rules do, and what became of changes of them.
enum RuleMetrics {
    static func write(_ administrator: RuleAdministrator, _ text: inout PrometheusText) {
        let health = administrator.health
        func gauge(_ name: String, _ help: String, _ value: Double) {
            text.header(name, help: help, kind: .gauge)
            text.sample(name, labels: [], value)
        }
        gauge("assay_risk_rules_live", "Rules that decide.", Double(health.rules))
        gauge(
            "assay_risk_rules_generation", "Grows with each change of what decides.",
            Double(health.generation))
        gauge(
            "assay_risk_rules_refused", "Problems of files that came last and do not decide.",
            Double(health.problems.count))
        gauge(
            "assay_risk_rule_proposals_open", "Proposals that may still become live.",
            Double(health.openProposals))
        gauge(
            "assay_risk_rules_unapproved",
            "Changes that one person brought live alone, and that nobody approved yet.",
            Double(health.unapproved))
        text.header(
            "assay_risk_rule_changes_total", help: "Changes of the rules since the start.",
            kind: .counter)
        text.sample(
            "assay_risk_rule_changes_total", labels: [("result", "live")], Double(health.reloads))
        text.sample(
            "assay_risk_rule_changes_total", labels: [("result", "refused")],
            Double(health.refusals))
        text.header(
            "assay_risk_rule_total", help: "What rules came to, by verdict.", kind: .counter)
        for (rule, count) in administrator.live.counts().sorted(by: { $0.key < $1.key }) {
            for (verdict, value) in verdicts(count) {
                text.sample(
                    "assay_risk_rule_total", labels: [("rule", rule), ("verdict", verdict)],
                    Double(value))
            }
        }
    }

    private static func verdicts(_ count: RuleCounts) -> [(String, UInt64)] {
        [
            ("hit", count.hits), ("no_hit", count.noHits),
            ("not_evaluated", count.notEvaluated), ("error", count.errors),
            ("skipped", count.skipped),
        ]
    }
}
