import AssayMessages
import Foundation
import RiskCore
import Wire

/// Answers about rules as lines for a person.
enum RulesText {
    static func counted(_ count: some BinaryInteger, _ noun: String) -> String {
        let digits = String(count)
        var grouped = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { grouped += "," }
            grouped.append(digit)
        }
        return "\(grouped) \(noun)\(count == 1 ? "" : "s")"
    }

    static func lines(_ change: AssayRiskV1.RuleChange) -> [String] {
        let sign =
            switch change.change {
            case "added": "+"
            case "removed": "-"
            default: "~"
            }
        var lines = ["\(sign) \(change.kind) \(change.id) \(change.change)"]
        let before = change.before.split(separator: "\n")
        let after = change.after.split(separator: "\n")
        let isShort = change.kind == "parameter" || change.kind == "cost"
        if isShort, before.count == 1, after.count == 1 {
            return ["\(sign) \(change.kind) \(change.id): \(before[0]) → \(after[0])"]
        }
        lines += before.map { "    - \($0)" } + after.map { "    + \($0)" }
        return lines
    }

    static func lines(_ report: AssayRiskV1.ValidationReport) -> [String] {
        var lines = report.changes.flatMap { Self.lines($0) }
        lines.append(
            "\(counted(report.rules, "rule")), \(counted(report.tests, "test")) passed, cost "
                + "\(counted(report.cost, "node"))")
        return lines
    }

    static func line(_ proposal: AssayRiskV1.Proposal) -> String {
        let files = proposal.files.joined(separator: ", ")
        let what = proposal.exception.map(text) ?? files
        return TerminalText.line(
            "\(proposal.proposalID)  \(proposal.status)  \(RegistryText.time(proposal.createdAt))"
                + "  by \(proposal.author)  \(what)  — \(proposal.reason)"
                + (proposal.ticket.isEmpty ? "" : "  [\(proposal.ticket)]"))
    }

    static func lines(_ proposal: AssayRiskV1.Proposal) -> [String] {
        var lines = [line(proposal)]
        if let report = proposal.validation { lines += Self.lines(report).map { "  " + $0 } }
        for review in proposal.reviews {
            lines.append(
                TerminalText.line(
                    "  \(review.approve ? "approved" : "rejected") by \(review.reviewer) at "
                        + RegistryText.time(review.at)
                        + (review.comment.isEmpty ? "" : " — \(review.comment)")))
        }
        if let at = proposal.appliedAt {
            lines.append("  applied by \(proposal.appliedBy) at \(RegistryText.time(at))")
        }
        return lines
    }

    static func text(_ exception: AssayRiskV1.RuleException) -> String {
        switch exception {
        case .override(let override):
            "lets \(override.subject) through until \(RegistryText.time(override.until))"
        case .snooze(let snooze):
            "silences \(snooze.rule) for \(snooze.subject) until \(RegistryText.time(snooze.until))"
        case .listEntry(let entry):
            entry.remove
                ? "takes \(entry.entry) out of the list \(entry.list)"
                : "adds \(entry.entry) to the list \(entry.list)"
        case .unrecognized: "something this program does not know"
        }
    }

    /// What is live, in a line.
    static func line(_ set: AssayRiskV1.RuleSet) -> String {
        var text =
            "generation \(set.generation), rule set "
            + "\(RegistryText.digest(Array(set.ruleSet.prefix(8))))…, "
            + counted(set.rules, "live rule")
        if let at = set.appliedAt {
            text += ", by \(set.appliedBy) at \(RegistryText.time(at))"
        }
        if let at = set.revertsAt {
            text += "; it goes back at \(RegistryText.time(at)) unless somebody else approves it"
        }
        return text
    }

    static func line(_ rule: AssayRiskV1.RuleState) -> [String] {
        [
            rule.id, rule.state, "\(rule.score)", rule.outcome, "\(rule.hits)",
            "\(rule.noHits)", "\(rule.notEvaluated)", "\(rule.errors)", "\(rule.skipped)",
            rule.name,
        ]
    }

    static func lines(_ described: RuleDescription) -> [String] {
        let rule = described.rule
        var lines = [
            "\(rule.id) \(rule.name): \(rule.state.rawValue), score \(rule.score), "
                + "\(rule.severity.rawValue), outcome \(rule.outcome.rawValue), reason "
                + rule.reasonCode,
            "  stands in \(described.file):\(described.line), pack \(rule.pack) version "
                + "\(rule.packVersion)" + (rule.owner.isEmpty ? "" : ", owned by \(rule.owner)"),
            "  holds when",
        ]
        lines += rule.condition.split(separator: "\n").map { "      \($0)" }
        lines.append(
            "  for \(rule.industries.map { $0.sorted().joined(separator: ", ") } ?? "all industries")"
                + "; if facts are missing: \(rule.onMissing.rawValue)")
        if !rule.evidence.isEmpty { lines.append("  evidence: \(rule.evidence)") }
        lines.append("  facts")
        lines += described.facts.map { fact in
            "      \(fact.name): \(fact.type), from \(fact.source.rawValue)"
                + (fact.binding.isEmpty ? "" : " (\(fact.binding))")
                + ", expected \(fact.expectation.rawValue)"
        }
        if !described.parameters.isEmpty {
            lines.append("  parameters")
            lines += described.parameters.map { "      \($0.name) = \($0.value)" }
        }
        if !described.lists.isEmpty {
            lines.append("  lists")
            lines += described.lists.map {
                "      \($0.name): \(counted($0.entries, "entry line"))"
            }
        }
        lines.append("  costs at most \(counted(described.cost, "node"))")
        lines.append("  tests")
        lines += described.tests.map { "      \($0)" }
        return lines
    }

    static func json(_ message: some WireMessage) -> String {
        String(decoding: message.json(), as: UTF8.self)
    }
}
