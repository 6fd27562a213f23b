import AssayMessages
import Foundation

/// A decision as a person reads it.
enum DecisionText {
    static func lines(_ decision: AssayRiskV1.Decision, replayed: Bool = false) -> [String] {
        var lines = [
            "\(decision.status.word.uppercased())   score \(decision.score) of 100   "
                + "risk \(level(decision.riskLevel))"
                + (replayed ? "   (decided earlier, repeated)" : "")
        ]
        if let credit = decision.credit { lines += creditLines(credit) }
        for reason in decision.reasons.prefix(4) {
            lines.append(self.reason(reason))
        }
        if let credit = decision.credit, decision.reasons.isEmpty {
            for reason in credit.reasons {
                lines.append(self.reason(reason))
            }
        }
        if !decision.degraded.isEmpty {
            lines.append("  degraded: " + decision.degraded.joined(separator: ", "))
        }
        if !decision.message.isEmpty { lines.append("  \(decision.message)") }
        return lines.map(TerminalText.line)
    }

    /// Codes of a model need not be among those that the rules have texts for.
    static func reason(_ reason: AssayRiskV1.Reason) -> String {
        "  \(reason.code)" + (reason.text.isEmpty ? "" : ": \(reason.text)")
            + "   (\(reason.points) points)"
    }

    /// Where the decision stands, and what it was made from.
    static func origin(_ decision: AssayRiskV1.Decision) -> [String] {
        let versions = decision.versions
        var made = "policy \(versions.policy)"
        if !versions.model.isEmpty {
            made += ", model \(versions.model) version \(versions.modelVersion)"
        }
        return [
            "  decision \(decision.decisionID), log \(decision.log.chain) number "
                + "\(decision.log.sequence)",
            "  made from \(made)",
        ] + decision.assignments.filter { !$0.arm.isEmpty }.map { "  \(assignment($0))" }
    }

    private static func assignment(_ found: AssayRiskV1.RecordedAssignment) -> String {
        "experiment \(found.experiment): arm \(found.arm), \(found.reason)"
            + (found.controlAnswered ? "; its version failed, control answered" : "")
    }

    private static func creditLines(_ credit: AssayRiskV1.CreditResult) -> [String] {
        let probability = String(format: "%.1f %%", credit.probabilityOfDefault * 100)
        return [
            "  \(credit.decision), grade \(credit.grade), \(credit.points) points, "
                + "probability of default \(probability)"
        ]
    }

    private static func level(_ level: AssayRiskV1.Level) -> String {
        switch level {
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        case .unspecified, .unrecognized: "unknown"
        }
    }
}
