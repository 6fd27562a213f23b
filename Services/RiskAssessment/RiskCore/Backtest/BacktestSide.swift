/// Rules and the policy that weighs their hits: one of the two sides that a backtest compares.
public struct BacktestSide: Sendable {
    public var rules: RuleSet
    public var policy: Policy

    public init(rules: RuleSet, policy: Policy) {
        self.rules = rules
        self.policy = policy
    }

    /// Whether a rule of the set runs on this side.
    func runs(_ rule: Rule) -> Bool {
        rule.state == .live && policy.rules?.contains(rule.id) ?? true
    }
}
