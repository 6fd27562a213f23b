import AssayMessages
import Foundation

/// A comparison as whoever decides on a challenger reads it.
struct ComparisonText {
    private let found: AssayModelsV1.Comparison

    init(_ found: AssayModelsV1.Comparison) { self.found = found }

    var lines: [String] { header + [""] + swap + [""] + scores + ["", footer] }

    private var compared: UInt64 { found.rows - min(found.rows, found.unusable) }

    private var header: [String] {
        var lines = [
            "\(found.model): version \(found.challenger) (shadow \(found.shadow)) beside version "
                + "\(found.baseline), which answered",
            "\(found.rows) calls" + period + "; what was recorded before \(found.horizon)",
        ]
        if found.unusable > 0 {
            lines.append("\(found.unusable) of them without a score on one side: not compared")
        }
        if found.otherRows > 0 {
            lines.append("\(found.otherRows) calls of other versions are not in this")
        }
        return lines
    }

    private var period: String {
        guard let first = found.firstAt, let last = found.lastAt else { return "" }
        return " from \(RegistryText.time(first)) to \(RegistryText.time(last))"
    }

    // MARK: Whom each selects

    private var swap: [String] {
        let (before, after) = (found.baselineThreshold, found.challengerThreshold)
        let from = before == after ? number(before) : "\(number(before)) and \(number(after))"
        let rows: [(String, AssayModelsV1.SwapCell)] = [
            ("both", found.both), ("only version \(found.baseline)", found.onlyBaseline),
            ("only version \(found.challenger)", found.onlyChallenger),
            ("neither", found.neither),
        ]
        let isLabelled = rows.contains { $0.1.labelled > 0 }
        let table = RegistryText.table(
            ["SELECTED BY", "CALLS", "SHARE"] + (isLabelled ? ["KNOWN", "POSITIVE"] : []),
            rows.map { name, cell in
                [name, "\(cell.calls)", share(cell.calls)]
                    + (isLabelled ? ["\(cell.labelled)", positive(cell)] : [])
            })
        var lines =
            ["Selected from a score of \(from) on"] + table.split(separator: "\n").map { "  \($0)" }
        if let agreement = found.agreement {
            var text = "  alike in \(percent(agreement)) of calls"
            if let kappa = found.kappa {
                text += "; beyond chance (kappa) \(number(kappa))"
            }
            lines.append(text)
        }
        return lines
    }

    private func positive(_ cell: AssayModelsV1.SwapCell) -> String {
        cell.labelled == 0 ? "–" : percent(Double(cell.positives) / Double(cell.labelled))
    }

    private func share(_ calls: UInt64) -> String {
        compared == 0 ? "–" : percent(Double(calls) / Double(compared))
    }

    // MARK: How the scores differ

    private var scores: [String] {
        let index = found.stabilityIndex
        let says =
            switch index {
            case ..<0.1: "the scores lie as before"
            case ..<0.25: "the scores have MOVED: look at thresholds before a move"
            default:
                "the scores have moved FAR: a move of a governed alias has to explain it"
            }
        var lines = [
            "Scores",
            "  population stability index \(number(index)): \(says)",
            "  difference: \(signed(found.meanDifference)) on average, \(number(found.largestDifference)) at most",
        ]
        if let correlation = found.rankCorrelation {
            lines.append("  order of the calls (rank correlation): \(number(correlation))")
        }
        return lines
    }

    private var footer: String {
        let hash = found.contentHash.prefix(8).map { String(format: "%02x", Int($0)) }.joined()
        return "comparison \(hash): the same calls give the same comparison"
    }

    private func number(_ value: Double) -> String { String(format: "%.4g", value) }
    private func signed(_ value: Double) -> String { String(format: "%+.4g", value) }
    private func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
}
