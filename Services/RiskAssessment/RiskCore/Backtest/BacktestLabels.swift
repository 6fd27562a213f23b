/// How well both sides told fraud from the rest, where it is known what events turned out to be.
public struct BacktestLabels: Sendable {
    /// One rule of the candidate.
    public struct Rule: Sendable {
        public var rule: String
        public var hits: LabelCount
    }

    /// All events with a label.
    public var totals: LabelTotals
    /// What each side would not have approved.
    public var stoppedBefore: LabelCount
    public var stoppedAfter: LabelCount
    /// Rules that held for events with a label, by rising id.
    public var rules: [Rule]

    init?(_ tally: BacktestTally) {
        guard tally.labelled.fraud + tally.labelled.genuine > 0 else { return nil }
        totals = tally.labelled
        stoppedBefore = tally.stoppedBefore
        stoppedAfter = tally.stoppedAfter
        rules = tally.plan.ids.indices.compactMap { position in
            let hits = tally.rules[position].labels
            guard hits.fraud + hits.genuine > 0 else { return nil }
            return Rule(rule: tally.plan.ids[position], hits: hits)
        }
    }
}
