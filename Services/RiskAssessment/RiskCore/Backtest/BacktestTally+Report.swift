internal import AssayMessages
internal import Wire

extension BacktestTally {
    /// The report; the same events give the same bytes.
    func report() -> AssayRiskV1.BacktestReport {
        AssayRiskV1.BacktestReport(
            decisions: decisions, first: first, last: last, base: plan.live.rules.digest,
            candidate: plan.candidate.rules.digest, cells: reportedCells(), rules: reportedRules(),
            changed: changed, subjects: subjects.count,
            leftOut: leftOut.values.reduce(0, +),
            leftOutReasons: WireMap(leftOut.map { ($0.key, $0.value) }),
            unrecordedFacts: WireMap(unrecorded.map { ($0.key, Self.list($0.value)) }),
            currency: plan.live.rules.baseCurrency, drifted: drifted)
    }

    private static func list(_ rules: Set<String>) -> String {
        let all = rules.sorted()
        let shown = all.prefix(400).joined(separator: ", ")
        return all.count > 400 ? "\(shown) and \(all.count - 400) more" : shown
    }

    private func reportedCells() -> [AssayRiskV1.StatusCell] {
        RiskStatus.allCases.flatMap { before in
            RiskStatus.allCases.compactMap { after in
                let cell = matrix[before, after]
                guard cell.count > 0 else { return nil }
                return AssayRiskV1.StatusCell(
                    before: before.message, after: after.message, count: cell.count,
                    amount: cell.amount, examples: cell.examples)
            }
        }
    }

    /// The rules that run on either side.
    private func reportedRules() -> [AssayRiskV1.RuleBacktest] {
        let running = Set(
            plan.live.rules.rules.filter(plan.live.runs).map(\.id)
                + plan.candidate.rules.rules.filter(plan.candidate.runs).map(\.id))
        let liveHits = rules.map(\.hitsBefore)
        return plan.ids.indices.filter { running.contains(plan.ids[$0]) }.prefix(5_000).map {
            position in
            let count = rules[position]
            let nearest = overlap.nearest(
                to: position, hits: count.hitsAfter, liveHits: liveHits)
            return AssayRiskV1.RuleBacktest(
                rule: plan.ids[position], change: plan.changes[position].rawValue,
                hitsBefore: count.hitsBefore, hitsAfter: count.hitsAfter,
                notEvaluated: count.notEvaluated, errors: count.errors,
                amountAfter: count.amountAfter, dailyBefore: daily(count.hitsBefore),
                dailyAfter: daily(count.hitsAfter),
                nearestRule: nearest.map { plan.ids[$0.position] } ?? "",
                nearestShare: nearest?.share ?? 0, subjects: count.subjects.count)
        }
    }

    /// Thousandths a day over the time that the events span. Less than a day counts as one: a
    /// minute's hits say nothing of a day.
    private func daily(_ hits: UInt64) -> UInt64 {
        guard let first, let last else { return 0 }
        let seconds = UInt64(max(86_400, last.seconds - first.seconds))
        let product = hits.multipliedFullWidth(by: 86_400_000)
        return product.high < seconds ? seconds.dividingFullWidth(product).quotient : .max
    }
}
