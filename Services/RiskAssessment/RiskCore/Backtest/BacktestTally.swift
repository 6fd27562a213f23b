internal import AssayMessages
internal import Wire

/// What a backtest counts. Tallies of parts of the events add up to that of the whole, in any
/// order.
struct BacktestTally {
    struct RuleCount {
        var hitsBefore: UInt64 = 0
        var hitsAfter: UInt64 = 0
        var notEvaluated: UInt64 = 0
        var errors: UInt64 = 0
        var amountAfter: Int64 = 0
        var subjects = DistinctCount(capacity: 1_024)
        var labels = LabelCount()
    }

    static let maximumLeftOutReasons = 64
    static let maximumUnrecorded = 512

    let plan: BacktestPlan
    private(set) var decisions: UInt64 = 0
    private(set) var first: Timestamp?
    private(set) var last: Timestamp?
    private(set) var rules: [RuleCount]
    private(set) var matrix: StatusMatrix
    private(set) var overlap: RuleOverlap
    private(set) var changed: UInt64 = 0
    private(set) var drifted: UInt64 = 0
    private(set) var subjects = DistinctCount(capacity: 16_384)
    private(set) var leftOut: [String: UInt64] = [:]
    /// Rules by the fact that was not recorded.
    private(set) var unrecorded: [String: Set<String>] = [:]
    /// Whatever is not approved counts as stopped.
    private(set) var stoppedBefore = LabelCount()
    private(set) var stoppedAfter = LabelCount()
    private(set) var labelled = LabelTotals()

    init(_ plan: BacktestPlan, examples: Int) {
        self.plan = plan
        rules = [RuleCount](repeating: RuleCount(), count: plan.ids.count)
        matrix = StatusMatrix(maximumExamples: examples)
        overlap = RuleOverlap(plan)
    }

    mutating func leaveOut(_ reason: String) {
        let isKnown = leftOut[reason] != nil || leftOut.count < Self.maximumLeftOutReasons - 1
        leftOut[isKnown ? reason : "other reasons", default: 0] += 1
    }

    // MARK: One event

    mutating func add(
        _ event: BacktestEvent, _ before: BacktestVerdict, _ after: BacktestVerdict
    ) {
        decisions += 1
        first = first.map { min($0, event.at) } ?? event.at
        last = last.map { max($0, event.at) } ?? event.at
        let firingBefore = before.firing.map { plan.livePositions[$0] }
        let firingAfter = after.firing.map { plan.candidatePositions[$0] }
        let subject = event.subject.isEmpty ? nil : DistinctCount.hash(event.subject)
        for position in firingBefore { rules[position].hitsBefore += 1 }
        for position in firingAfter { countHit(position, event, subject) }
        countFailures(after, event)
        overlap.add(after: firingAfter, before: firingBefore)
        countDecision(event, before, after, firingBefore, firingAfter, subject)
        countLabel(event, before, after)
    }

    private mutating func countHit(_ position: Int, _ event: BacktestEvent, _ subject: UInt64?) {
        rules[position].hitsAfter += 1
        rules[position].amountAfter = rules[position].amountAfter.addingSaturated(event.amount)
        if let subject { rules[position].subjects.insert(subject) }
        if let isFraud = event.isFraud { rules[position].labels.add(isFraud, event.amount) }
    }

    private mutating func countFailures(_ after: BacktestVerdict, _ event: BacktestEvent) {
        for entry in after.run.entries {
            let position = plan.candidatePositions[entry.rule]
            switch entry.verdict {
            case .error: rules[position].errors += 1
            case .notEvaluated: rules[position].notEvaluated += 1
            case .skipped where readsUnrecorded(entry.rule, event):
                rules[position].notEvaluated += 1
            default: continue
            }
            if !event.unrecorded.isEmpty { note(entry.rule, event) }
        }
    }

    private func readsUnrecorded(_ rule: Int, _ event: BacktestEvent) -> Bool {
        guard !event.unrecorded.isEmpty else { return false }
        let rules = plan.candidate.rules
        return rules.rules[rule].facts.contains {
            event.unrecorded.contains(rules.catalogue.entries[$0].name)
        }
    }

    private mutating func note(_ rule: Int, _ event: BacktestEvent) {
        let rules = plan.candidate.rules
        for slot in rules.rules[rule].facts {
            let name = rules.catalogue.entries[slot].name
            guard event.unrecorded.contains(name),
                unrecorded[name] != nil || unrecorded.count < Self.maximumUnrecorded
            else { continue }
            unrecorded[name, default: []].insert(rules.rules[rule].id)
        }
    }

    private mutating func countDecision(
        _ event: BacktestEvent, _ before: BacktestVerdict, _ after: BacktestVerdict,
        _ firingBefore: [Int], _ firingAfter: [Int], _ subject: UInt64?
    ) {
        if let recorded = event.recorded {
            // A typology only alerts, and is no flag of the decision.
            let flags = before.firing.map { plan.live.rules.rules[$0] }.filter {
                $0.outcome != .alert
            }
            let replayed = BacktestEvent.Recorded(
                status: before.status, score: before.score, rules: flags.map(\.id))
            if replayed != recorded { drifted += 1 }
        }
        if before.status != after.status {
            changed += 1
            if let subject { subjects.insert(subject) }
        }
        let isDifferent =
            before.status != after.status || before.score != after.score
            || firingBefore != firingAfter
        matrix.add(
            before.status, after.status, amount: event.amount, isDifferent: isDifferent
        ) { [plan] in
            Self.example(event, before, after, firingBefore, firingAfter, plan.ids)
        }
    }

    private static func example(
        _ event: BacktestEvent, _ before: BacktestVerdict, _ after: BacktestVerdict,
        _ firingBefore: [Int], _ firingAfter: [Int], _ ids: [String]
    ) -> AssayRiskV1.ChangedDecision {
        func names(_ positions: [Int], without others: [Int]) -> [String] {
            let others = Set(others)
            return positions.filter { !others.contains($0) }.prefix(32).map { ids[$0] }
        }
        return AssayRiskV1.ChangedDecision(
            decisionID: event.decisionID, transactionID: event.transactionID,
            subject: event.subject, decidedAt: event.at, amount: event.amount,
            scoreBefore: Int32(clamping: before.score / 1000),
            scoreAfter: Int32(clamping: after.score / 1000),
            gained: names(firingAfter, without: firingBefore),
            lost: names(firingBefore, without: firingAfter))
    }

    private mutating func countLabel(
        _ event: BacktestEvent, _ before: BacktestVerdict, _ after: BacktestVerdict
    ) {
        guard let isFraud = event.isFraud else { return }
        labelled.add(isFraud, event.amount)
        if before.status != .approved { stoppedBefore.add(isFraud, event.amount) }
        if after.status != .approved { stoppedAfter.add(isFraud, event.amount) }
    }

    // MARK: Parts

    /// Adds the tally of other events under the same plan.
    mutating func merge(_ other: BacktestTally) {
        decisions += other.decisions
        first = [first, other.first].compactMap(\.self).min()
        last = [last, other.last].compactMap(\.self).max()
        for (index, count) in other.rules.enumerated() { rules[index].merge(count) }
        matrix.merge(other.matrix)
        overlap.merge(other.overlap)
        changed += other.changed
        drifted += other.drifted
        subjects.merge(other.subjects)
        for (reason, count) in other.leftOut.sorted(by: { $0.key < $1.key }) {
            leftOut[reason, default: 0] += count
        }
        for (fact, rules) in other.unrecorded { unrecorded[fact, default: []].formUnion(rules) }
        stoppedBefore.merge(other.stoppedBefore)
        stoppedAfter.merge(other.stoppedAfter)
        labelled.merge(other.labelled)
    }
}

extension BacktestTally.RuleCount {
    fileprivate mutating func merge(_ other: BacktestTally.RuleCount) {
        hitsBefore += other.hitsBefore
        hitsAfter += other.hitsAfter
        notEvaluated += other.notEvaluated
        errors += other.errors
        amountAfter = amountAfter.addingSaturated(other.amountAfter)
        subjects.merge(other.subjects)
        labels.merge(other.labels)
    }
}
