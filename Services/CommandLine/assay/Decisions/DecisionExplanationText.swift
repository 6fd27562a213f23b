import AssayMessages
import Foundation

/// What a decision was made from, as a person reads it.
enum DecisionExplanationText {
    private static let mostAttributions = 20

    /// - Parameter all: with the rules that did not hold.
    static func lines(_ found: AssayRiskV1.DecisionExplanation, all: Bool) -> [String] {
        var lines: [String] = []
        let silent = found.rules.filter { $0.verdict == .noHit || $0.verdict == .skipped }
        for trace in found.rules where all || !silent.contains(where: { $0.rule == trace.rule }) {
            lines += rule(trace, found.facts)
        }
        if !all, !silent.isEmpty {
            lines.append("\(silent.count) rules did not hold; --all shows them")
        }
        lines += attributions(found)
        if !found.entities.isEmpty {
            lines.append("read from the feature store:")
            lines += DecisionTable.aligned(
                found.entities.map { ["  \($0.entity)", $0.role, "version \($0.version)"] })
        }
        return lines
    }

    private static func rule(
        _ trace: AssayRiskV1.RuleTrace, _ facts: [AssayRiskV1.RecordedFact]
    ) -> [String] {
        var lines = ["\(trace.rule) \(trace.name): \(word(trace.verdict))"]
        lines.append("    when " + trace.condition.replacingOccurrences(of: "\n", with: " "))
        let rows = trace.facts.filter { Int($0) < facts.count }.map { fact(facts[Int($0)]) }
        lines += DecisionTable.aligned(rows)
        if !trace.cause.isEmpty { lines.append("    because \(trace.cause)") }
        return lines
    }

    private static func fact(_ fact: AssayRiskV1.RecordedFact) -> [String] {
        let value: String
        switch fact.value {
        case .flag(let flag)?: value = "\(flag)"
        case .integer(let number)?: value = "\(number)"
        case .number(let number)?: value = "\(number)"
        case .text(let text)?: value = "\"\(text)\""
        default:
            let isKnown = fact.status == .present || fact.status == .empty
            value = fact.personal ? "(personal)" : isKnown ? "(not kept)" : "-"
        }
        return ["    \(fact.name)", value, "\(fact.status)" + (fact.claimed ? ", claimed" : "")]
    }

    private static func word(_ verdict: AssayRiskV1.Verdict) -> String {
        switch verdict {
        case .hit: "holds"
        case .noHit: "does not hold"
        case .notEvaluated: "could not be told, facts are missing"
        case .error: "could not be computed"
        case .snoozed: "holds, and is silenced for this subject"
        case .shadowHit: "holds, and is only watched"
        case .skipped: "does not concern this event"
        case .unspecified, .unrecognized: "unknown"
        }
    }

    private static func attributions(_ found: AssayRiskV1.DecisionExplanation) -> [String] {
        var lines: [String] = []
        if !found.attributions.isEmpty {
            lines.append("the model's margin, by input:")
            let rows = found.attributions.prefix(mostAttributions).map {
                ["  \($0.field)", String(format: "%+.4f", $0.value), $0.reasonCode]
            }
            lines += DecisionTable.aligned(rows)
            let rest = found.attributions.count - mostAttributions
            if rest > 0 { lines.append("  and \(rest) smaller ones") }
        }
        if !found.attributionsProblem.isEmpty { lines.append(found.attributionsProblem) }
        return lines
    }
}
