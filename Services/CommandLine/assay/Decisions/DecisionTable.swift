import AssayMessages
import Wire

/// Decisions as lines that stand under each other.
enum DecisionTable {
    static let header = ["decided", "decision", "transaction", "status", "score", "why"]
    private static let longestWhy = 60

    static func lines(_ decisions: [AssayRiskV1.Decision]) -> [String] {
        aligned([header] + decisions.map(cells))
    }

    /// One line for a decision that comes alone.
    static func line(_ decision: AssayRiskV1.Decision) -> String {
        TerminalText.line(cells(decision).joined(separator: "  "))
    }

    private static func cells(_ decision: AssayRiskV1.Decision) -> [String] {
        let flags = decision.flags.prefix(4).map(\.rule)
        let more = decision.flags.count > 4 ? " +\(decision.flags.count - 4)" : ""
        let why =
            flags.isEmpty
            ? decision.reasons.first?.code ?? "" : flags.joined(separator: " ") + more
        let degraded = decision.degraded.isEmpty ? "" : " (degraded)"
        return [
            "\(decision.decidedAt)", "\(decision.decisionID)",
            decision.transactionID.isEmpty ? "-" : decision.transactionID,
            decision.status.word, "\(decision.score)", String((why + degraded).prefix(longestWhy)),
        ]
    }

    /// Columns as wide as their widest cell; numbers to the left like texts.
    static func aligned(_ rows: [[String]]) -> [String] {
        let rows = rows.map { $0.map(TerminalText.line) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return line
        }
    }
}
