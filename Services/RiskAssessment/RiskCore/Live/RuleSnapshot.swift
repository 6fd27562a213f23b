/// What decides at one moment: rules and policy, and what is made of them once. Immutable; a call
/// ends with the one it began with.
public final class RuleSnapshot: Sendable {
    public let rules: RuleSet
    public let policy: Policy
    /// Grows by one with each change of what is live.
    public let generation: UInt64
    let outcomes: OutcomeBuilder
    let records: RecordBuilder
    /// What the rules did since this set became live.
    let counters: RuleCounters

    public init(rules: RuleSet, policy: Policy, generation: UInt64 = 1, build: String = "dev") {
        self.rules = rules
        self.policy = policy
        self.generation = generation
        outcomes = OutcomeBuilder(rules: rules, policy: policy)
        records = RecordBuilder(rules: rules, policy: policy, build: build)
        counters = RuleCounters(rules: rules)
    }
}
