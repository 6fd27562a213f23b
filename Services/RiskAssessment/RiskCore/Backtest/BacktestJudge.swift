internal import RuleLanguage

/// What one side makes of an event.
struct BacktestVerdict {
    var run: RuleRun
    /// Positions in the side's rule set of the rules that count, rising.
    var firing: [Int]
    var status: RiskStatus
    /// Thousandths of a point.
    var score: Int64
}

/// Judges events under both sides. One per thread: it keeps its memory between events.
struct BacktestJudge {
    private let plan: BacktestPlan
    private let liveOutcomes: OutcomeBuilder
    private let candidateOutcomes: OutcomeBuilder
    private var evaluator = Evaluator()

    init(_ plan: BacktestPlan) {
        self.plan = plan
        liveOutcomes = OutcomeBuilder(rules: plan.live.rules, policy: plan.live.policy)
        candidateOutcomes = OutcomeBuilder(
            rules: plan.candidate.rules, policy: plan.candidate.policy)
    }

    mutating func judge(
        _ event: BacktestEvent
    ) -> (before: BacktestVerdict, after: BacktestVerdict) {
        let shared = run(plan.shared, event.live, event)
        let gone = run(plan.liveOnly, event.live, event)
        let before = verdict(Self.merged(shared, gone), event.live, liveOutcomes)
        let facts = event.candidate ?? event.live
        let new = run(plan.candidateOnly, facts, event)
        var carried = shared
        carried.entries = shared.entries.compactMap { entry in
            plan.carried[entry.rule].map { RuleRun.Entry(rule: $0, verdict: entry.verdict) }
        }
        let merged = Self.merged(carried, new)
        if plan.hasSamePolicy, gone.entries.isEmpty, new.entries.isEmpty,
            (before.run.scoringNoHits > 0) == (merged.scoringNoHits > 0)
        {
            // The same hits under the same policy.
            let firing = before.firing.compactMap { plan.carried[$0] }
            return (
                before,
                BacktestVerdict(
                    run: merged, firing: firing, status: before.status, score: before.score)
            )
        }
        return (before, verdict(merged, facts, candidateOutcomes))
    }

    private mutating func run(
        _ rules: RuleSet, _ assessment: Assessment, _ event: BacktestEvent
    ) -> RuleRun {
        rules.run(
            over: assessment.sheet, industry: assessment.industry, at: event.second,
            expects: { event.expected.contains($0) }, evaluator: &evaluator)
    }

    private func verdict(
        _ run: RuleRun, _ facts: Assessment, _ outcomes: OutcomeBuilder
    ) -> BacktestVerdict {
        var assessment = facts
        assessment.run = run
        assessment.run.snooze(assessment.exceptions, in: outcomes.rules)
        let weighed = outcomes.weigh(assessment)
        return BacktestVerdict(
            run: run, firing: weighed.firing.map(\.rule), status: weighed.decision.status,
            score: weighed.decision.score)
    }

    /// Two runs of different rules as one, by rising rule.
    private static func merged(_ a: RuleRun, _ b: RuleRun) -> RuleRun {
        var run = a
        run.noHits += b.noHits
        run.scoringNoHits += b.scoringNoHits
        if !b.entries.isEmpty {
            run.entries = (a.entries + b.entries).sorted { $0.rule < $1.rule }
        }
        return run
    }
}
