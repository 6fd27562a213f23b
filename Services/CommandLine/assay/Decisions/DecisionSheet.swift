import AssayMessages
import Foundation

/// All that is said of one decision to whoever looks it up.
enum DecisionSheet {
    static func lines(_ decision: AssayRiskV1.Decision) -> [String] {
        DecisionText.lines(decision) + rules(decision) + score(decision) + forced(decision)
            + facts(decision) + device(decision) + DecisionText.origin(decision)
            + ["  asked for with \(asked(decision)), decided \(decision.decidedAt)"]
    }

    private static func rules(_ decision: AssayRiskV1.Decision) -> [String] {
        let held = decision.flags.map { row($0, "\($0.score) points") }
        let watched = decision.shadow.map { row($0, "only watched") }
        return DecisionTable.aligned(held + watched)
    }

    private static func row(_ flag: AssayRiskV1.Flag, _ worth: String) -> [String] {
        let outcome = ["", "none"].contains(flag.outcome) ? "" : ", demands \(flag.outcome)"
        return ["  \(flag.rule)", flag.name, worth, flag.severity + outcome, flag.text]
    }

    /// How the score came about.
    private static func score(_ decision: AssayRiskV1.Decision) -> [String] {
        var parts = ["rules \(decision.ruleScore)"]
        if let score = decision.modelScore {
            var model = "model \(score)"
            if let probability = decision.modelProbability {
                model += " (probability \(String(format: "%.4f", probability)))"
            }
            parts.append(model)
        }
        var lines = ["  score \(decision.scoreExact) of \(parts.joined(separator: " and "))"]
        if !decision.modelRiskFactors.isEmpty {
            lines.append(
                "  drove the model up: " + decision.modelRiskFactors.joined(separator: ", "))
        }
        let contributions = decision.contributions.map { "\($0.source) \($0.points)" }
        if !contributions.isEmpty {
            lines.append("  points of the score: " + contributions.joined(separator: ", "))
        }
        return lines
    }

    private static func forced(_ decision: AssayRiskV1.Decision) -> [String] {
        var lines: [String] = []
        if !decision.forcedBy.isEmpty {
            lines.append("  whatever the score: " + decision.forcedBy.joined(separator: ", "))
        }
        if !decision.overrideID.isEmpty {
            lines.append("  let through by exception \(decision.overrideID)")
        }
        return lines
    }

    private static func facts(_ decision: AssayRiskV1.Decision) -> [String] {
        var lines: [String] = []
        for cause in Set(decision.missingFacts.map(\.cause)).sorted() {
            let names = decision.missingFacts.filter { $0.cause == cause }.map(\.fact)
            lines.append("  not known, \(cause): " + names.joined(separator: ", "))
        }
        if !decision.staleFacts.isEmpty {
            lines.append("  old, but used: " + decision.staleFacts.joined(separator: ", "))
        }
        return lines
    }

    private static func device(_ decision: AssayRiskV1.Decision) -> [String] {
        guard let found = decision.fingerprint, found.score > 0 || !found.flags.isEmpty else {
            return []
        }
        let flags = found.flags.isEmpty ? "" : ": " + found.flags.joined(separator: ", ")
        return ["  device \(found.score) of 100\(flags)"]
    }

    private static func asked(_ decision: AssayRiskV1.Decision) -> String {
        let request = decision.requestID.isEmpty ? "no request id" : "request \(decision.requestID)"
        let transaction = decision.transactionID
        return request + (transaction.isEmpty ? "" : " for transaction \(transaction)")
    }
}
