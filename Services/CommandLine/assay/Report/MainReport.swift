import AssayMessages
import Foundation
import RPC

/// What the main job shows at its end.
struct MainReport: Sendable {
    let applicants: CreditExample.Result
    let tally: ReplayTally
    let seconds: Double
    let missing: Int
    /// Such as "Simulated".
    var kindOfPayments = "Simulated"

    var lines: [String] { creditLines + paymentLines + exampleLines }

    private var creditLines: [String] {
        ["", "Loan applicants: what the loan became, against what was decided"]
            + applicants.confusion.lines(positive: "bad", negative: "good")
            + ["  AUC on \(applicants.cases.count) held-out applicants: \(auc(applicants.cases))"]
    }

    private var paymentLines: [String] {
        let rate = Int(Double(tally.decided) / max(seconds, 1e-6))
        let times = [0.5, 0.95, 0.99].map {
            String(format: "%.2f ms", Double(tally.latency.quantile($0)) / 1000)
        }
        var lines = ["", "\(kindOfPayments) payments: the truth, against what was decided"]
        lines += tally.confusion.lines(positive: "fraud", negative: "honest")
        lines += [
            "  AUC of the score: \(auc(tally.scores)); of the frauds \(percent(tally.confusion.caught))"
                + " and of the honest payments \(percent(tally.confusion.disturbed)) were not approved",
            "  \(tally.decided) decisions in \(String(format: "%.1f", seconds)) s: \(rate)/s, "
                + "p50 \(times[0]), p95 \(times[1]), p99 \(times[2])",
            "  \(tally.decided - missing) of \(tally.decided) acknowledged decisions found in the log",
        ]
        if !tally.retried.isEmpty {
            let parts = tally.retried.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.value) × \($0.key)" }
            lines.append(
                "  attempts that failed and were made again: \(parts.joined(separator: ", ")); "
                    + "\(tally.replayed) had been decided already")
        }
        if tally.degraded > 0 {
            lines.append("  \(tally.degraded) decisions were degraded, and say so")
        }
        return lines
    }

    /// Two applicants and three payments, as different as there are.
    private var exampleLines: [String] {
        var lines = ["", "Five decisions with their reasons"]
        let credit =
            [applicants.examples.first { $0.decision.status == .approved }]
            + [applicants.examples.first { $0.decision.status != .approved }]
        for case (let decision, let isBad)? in credit {
            lines.append("")
            lines.append(
                "  applicant \(decision.requestID) (the loan was \(isBad ? "bad" : "good"))")
            lines += DecisionText.lines(decision).map { "    " + $0 }
        }
        for example in examplePayments(5 - credit.compactMap { $0 }.count) {
            lines.append("")
            lines.append("  \(example.payment.headline)")
            lines += DecisionText.lines(example.decision).map { "    " + $0 }
        }
        return lines
    }

    /// One of each kind of decision first, the strictest first; then more of the same.
    private func examplePayments(_ count: Int) -> [ReplayTally.Example] {
        let order: [AssayRiskV1.Status] = [.declined, .review, .challenge, .approved]
        let kept = order.map { tally.examples[$0] ?? [] }
        let rounds = (0..<(kept.map(\.count).max() ?? 0)).flatMap { round in
            kept.compactMap { $0.count > round ? $0[round] : nil }
        }
        return Array(rounds.prefix(count))
    }

    private func auc(_ cases: [(score: Double, isPositive: Bool)]) -> String {
        AreaUnderCurve.rankStatistic(cases).map { String(format: "%.4f", $0) } ?? "not defined"
    }

    private func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
}
