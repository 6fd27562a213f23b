import AssayMessages
import Foundation
import RiskCore
import Wire

/// A backtest's report for a person: what would change, for whom, and at what cost.
struct BacktestText {
    let report: AssayRiskV1.BacktestReport
    let labels: BacktestLabels?
    /// Rules that are alike on both sides are left out unless they are asked for.
    var showsAllRules = false

    private static let statuses: [AssayRiskV1.Status] = [.approved, .challenge, .review, .declined]

    var lines: [String] {
        summary + matrix + rules + labelled + examples + remarks
    }

    // MARK: Parts

    private var summary: [String] {
        let span = [report.first, report.last].compactMap(\.self).map { Self.day($0) }
        let days = span.count == 2 ? " from \(span[0]) to \(span[1])" : ""
        let base = Self.short(report.base)
        let candidate = Self.short(report.candidate)
        let share =
            report.decisions == 0
            ? "" : " (\(Self.percent(Double(report.changed) / Double(report.decisions))))"
        return [
            "\(Self.count(report.decisions)) decisions\(days)",
            "rules \(base) as they are live, \(candidate) as proposed", "",
            "\(Self.count(report.changed)) decisions\(share) of "
                + "\(Self.count(report.subjects)) subjects would have another status.",
        ]
    }

    private var matrix: [String] {
        guard report.decisions > 0 else { return [] }
        var table = TextTable(["before \\ after"] + Self.statuses.map { "\($0)" }, left: 1)
        var money = TextTable(["\(report.currency) moved"] + Self.statuses.map { "\($0)" }, left: 1)
        for before in Self.statuses {
            var counts = ["\(before)"]
            var amounts = ["\(before)"]
            for after in Self.statuses {
                let cell = report.cells.first { $0.before == before && $0.after == after }
                counts.append(cell.map { Self.count($0.count) } ?? "-")
                amounts.append(cell.map { Self.money($0.amount) } ?? "-")
            }
            table.add(counts)
            money.add(amounts)
        }
        return [""] + table.lines + [""] + money.lines
    }

    private var rules: [String] {
        let shown = report.rules.filter {
            showsAllRules || $0.change != "same" || $0.hitsBefore != $0.hitsAfter
        }
        guard !shown.isEmpty else { return ["", "No rule differs."] }
        var table = TextTable(
            [
                "rule", "", "hits before", "after", "a day", "not judged", "errors",
                "\(report.currency) after", "subjects", "most like",
            ], left: 2)
        for rule in shown {
            table.add([
                rule.rule, rule.change, Self.count(rule.hitsBefore), Self.count(rule.hitsAfter),
                "\(Self.thousandths(rule.dailyBefore)) > \(Self.thousandths(rule.dailyAfter))",
                Self.percent(Double(rule.notEvaluated) / Double(max(1, report.decisions))),
                Self.count(rule.errors), Self.money(rule.amountAfter), Self.count(rule.subjects),
                rule.nearestRule.isEmpty
                    ? "-" : "\(rule.nearestRule) \(rule.nearestShare / 10) %",
            ])
        }
        return [""] + table.lines
    }

    private var examples: [String] {
        report.cells.filter { !$0.examples.isEmpty }.flatMap { cell -> [String] in
            let title =
                cell.before == cell.after
                ? "still \(cell.before), otherwise scored" : "\(cell.before) > \(cell.after)"
            var table = TextTable(
                ["payment", "subject", "decided", report.currency, "score", "rules"], left: 3)
            for example in cell.examples {
                let rules =
                    example.gained.map { "+\($0)" } + example.lost.map { "-\($0)" }
                table.add([
                    example.transactionID, example.subject, Self.day(example.decidedAt),
                    Self.money(example.amount), "\(example.scoreBefore) > \(example.scoreAfter)",
                    rules.joined(separator: " "),
                ])
            }
            return ["", "\(title), the largest amounts first:"] + table.lines
        }
    }

    private var labelled: [String] {
        guard let labels else { return [] }
        let totals = labels.totals
        var table = TextTable(
            [
                "of labelled events", "fraud", "genuine", "precision", "95 %", "recall", "95 %",
                "\(report.currency) stopped", "wrongly stopped",
            ], left: 1)
        func add(_ name: String, _ count: LabelCount) {
            let (precision, recall) = (count.precision, count.recall(of: totals))
            table.add([
                name, Self.count(count.fraud), Self.count(count.genuine),
                precision.share.map(Self.percent) ?? "-", Self.interval(precision),
                recall.share.map(Self.percent) ?? "-", Self.interval(recall),
                Self.money(count.fraudAmount), Self.money(count.genuineAmount),
            ])
        }
        add("stopped before", labels.stoppedBefore)
        add("stopped after", labels.stoppedAfter)
        let changed = Set(report.rules.filter { $0.change != "same" }.map(\.rule))
        for rule in labels.rules where showsAllRules || changed.contains(rule.rule) {
            add(rule.rule, rule.hits)
        }
        return [
            "",
            "\(Self.count(totals.fraud)) fraud and \(Self.count(totals.genuine)) genuine events; "
                + "stopped is what is not approved.",
        ] + table.lines
    }

    private var remarks: [String] {
        var lines: [String] = []
        if report.drifted > 0 {
            lines.append(
                "\(Self.count(report.drifted)) decisions were made otherwise then than the live "
                    + "rules make them now; the comparison is with the live rules.")
        }
        for reason in report.leftOutReasons {
            lines.append("left out: \(Self.count(reason.value)) \(reason.key)")
        }
        for fact in report.unrecordedFacts {
            lines.append(
                "\(fact.key) was not recorded of all events: not judged there: \(fact.value)")
        }
        return lines.isEmpty ? [] : [""] + lines
    }

    // MARK: Texts

    static func count(_ number: UInt64) -> String {
        var digits = Array("\(number)")
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return String(digits)
    }

    static func money(_ minor: Int64) -> String {
        let cents = minor.magnitude % 100
        return (minor < 0 ? "-" : "") + count(minor.magnitude / 100)
            + ".\(cents < 10 ? "0" : "")\(cents)"
    }

    private static func thousandths(_ number: UInt64) -> String {
        number >= 10_000
            ? count((number + 500) / 1000)
            : String(
                format: "%.1f", Double(number) / 1000)
    }

    static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    private static func interval(_ estimate: ProportionEstimate) -> String {
        guard estimate.trials > 0 else { return "-" }
        let range = estimate.interval
        return String(
            format: "%.1f to %.1f", range.lowerBound * 100, range.upperBound * 100)
    }

    private static func short(_ digest: [UInt8]) -> String {
        digest.prefix(6).map { String(format: "%02x", $0) }.joined()
    }

    private static func day(_ time: Timestamp) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        return formatter.string(from: Date(timeIntervalSince1970: Double(time.seconds)))
    }
}
