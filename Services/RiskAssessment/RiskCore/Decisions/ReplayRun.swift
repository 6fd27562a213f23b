public import AssayMessages
internal import RuleLanguage
internal import Wire

/// Decides recorded events again, under one rule set and one policy. Each thread has its own.
public struct ReplayRun {
    /// What came out this time.
    public struct Result: Sendable {
        public var outcome: AssayRiskV1.RecordedOutcome
        /// Rules that could not be run, because facts that they read were erased.
        public var rulesLeftOut: [String] = []
        /// Verdicts of the rules; empty for loan applications.
        public var run = RuleRun()
    }

    public let rules: RuleSet
    public let policy: Policy
    private let outcomes: OutcomeBuilder
    private var evaluator = Evaluator()

    public init(rules: RuleSet, policy: Policy) {
        self.rules = rules
        self.policy = policy
        outcomes = OutcomeBuilder(rules: rules, policy: policy)
    }

    /// Decides again; the frame was made for this rule set's catalogue. The model says what it said
    /// then.
    public mutating func decide(
        _ frame: RecordedFrame
    ) throws(RecordedFrame.Unreplayable) -> Result {
        try frame.record.kind == .credit ? credit(frame) : payment(frame)
    }

    private mutating func payment(_ frame: RecordedFrame) -> Result {
        let (only, leftOut) = rulesToRun(frame)
        var assessment = Assessment(
            sheet: frame.sheet,
            run: rules.run(
                over: frame.sheet, industry: frame.industry, at: frame.occurredAt, only: only,
                expects: frame.expects, evaluator: &evaluator))
        assessment.isWithoutFeatures = frame.isWithoutFeatures
        assessment.industry = frame.industry
        assessment.model = frame.model
        // The facts that it came to stand in the frame.
        assessment.fingerprint = frame.record.outcome.fingerprint
        assessment.exceptions = AppliedExceptions(frame.record)
        assessment.run.snooze(assessment.exceptions, in: rules)
        return Result(
            outcome: outcomes.outcome(of: assessment), rulesLeftOut: leftOut, run: assessment.run)
    }

    private func credit(_ frame: RecordedFrame) throws(RecordedFrame.Unreplayable) -> Result {
        guard let answer = frame.model.answer, let known = CreditRow.knownShare(of: frame.record)
        else {
            throw RecordedFrame.Unreplayable(
                description: "record \(frame.record.sequence) was written by an older version, "
                    + "which did not keep how much of the application was known")
        }
        return Result(
            outcome: CreditOutcome(policy: policy, builder: outcomes)
                .outcome(of: answer, knownShare: known))
    }

    /// The policy's rules without those that read what was erased.
    private func rulesToRun(_ frame: RecordedFrame) -> (only: Set<String>?, leftOut: [String]) {
        guard !frame.erased.isEmpty else { return (policy.rules, []) }
        let gone = Set(frame.erased.compactMap { rules.catalogue.schema.slot(of: $0) })
        let leftOut = rules.rules.filter { rule in
            policy.rules?.contains(rule.id) ?? true && rule.facts.contains { gone.contains($0) }
        }.map(\.id)
        return ((policy.rules ?? Set(rules.rules.map(\.id))).subtracting(leftOut), leftOut)
    }
}

extension AssayRiskV1.RecordedOutcome {
    /// Whether another outcome is this one, byte for byte.
    public func isSame(as other: AssayRiskV1.RecordedOutcome) -> Bool {
        encoded() == other.encoded()
    }
}
