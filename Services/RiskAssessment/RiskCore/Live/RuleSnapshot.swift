/// What decides at one moment: rules, policies and exceptions, and what is made of them once.
/// Immutable; a call ends with the one it began with.
public final class RuleSnapshot: Sendable {
    public let rules: RuleSet
    public let policies: PolicySet
    /// The policy that decides: of the policies' the standard one, unless a call asked for another.
    public let policy: Policy
    public let exceptions: ExceptionTable
    /// Grows by one with each change of what is live.
    public let generation: UInt64
    let outcomes: OutcomeBuilder
    let records: RecordBuilder
    /// What the rules did since this set became live.
    let counters: RuleCounters
    /// The same under the other policies, by name.
    private let others: [String: RuleSnapshot]

    public init(
        rules: RuleSet, policies: PolicySet, exceptions: ExceptionTable = .empty,
        generation: UInt64 = 1, build: String = "dev"
    ) {
        self.rules = rules
        self.policies = policies
        policy = policies.standard
        self.exceptions = exceptions
        self.generation = generation
        outcomes = OutcomeBuilder(rules: rules, policy: policies.standard)
        records = RecordBuilder(rules: rules, policy: policies.standard, build: build)
        counters = RuleCounters(rules: rules)
        var others: [String: RuleSnapshot] = [:]
        for policy in policies.all where policy.name != policies.standard.name {
            others[policy.name] = RuleSnapshot(
                rules, policies, policy, exceptions, generation, records.build, counters)
        }
        self.others = others
    }

    /// One policy for everybody, and no exceptions.
    public convenience init(
        rules: RuleSet, policy: Policy, generation: UInt64 = 1, build: String = "dev"
    ) {
        self.init(
            rules: rules, policies: PolicySet(policy), generation: generation, build: build)
    }

    private init(
        _ rules: RuleSet, _ policies: PolicySet, _ policy: Policy, _ exceptions: ExceptionTable,
        _ generation: UInt64, _ build: String, _ counters: RuleCounters
    ) {
        self.rules = rules
        self.policies = policies
        self.policy = policy
        self.exceptions = exceptions
        self.generation = generation
        outcomes = OutcomeBuilder(rules: rules, policy: policy)
        records = RecordBuilder(rules: rules, policy: policy, build: build)
        self.counters = counters
        others = [:]
    }

    /// The same rules under the policy of this name.
    ///
    /// - Parameter name: empty: the tenant's policy.
    /// - Returns: nil if there is no such policy.
    func deciding(by name: String, for tenant: String) -> RuleSnapshot? {
        guard let wanted = policies.name(of: name, tenant: tenant) else { return nil }
        return wanted == policy.name ? self : others[wanted]
    }
}
