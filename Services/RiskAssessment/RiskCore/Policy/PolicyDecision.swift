/// A rule that holds, as the policy sees it.
public struct Hit: Sendable, Hashable {
    public var rule: String
    public var score: Int64
    public var severity: Severity
    public var outcome: ForcedOutcome
    public var reasonCode: String
    /// A typology of money laundering: it may force a status, and has no points in a payment's score.
    public var isTypology: Bool

    public init(
        rule: String, score: Int64, severity: Severity, outcome: ForcedOutcome, reasonCode: String,
        isTypology: Bool = false
    ) {
        self.rule = rule
        self.score = score
        self.severity = severity
        self.outcome = outcome
        self.reasonCode = reasonCode
        self.isTypology = isTypology
    }

    /// Rules of a family see the same risk: the letters before the dash.
    var family: Substring {
        let end = rule.utf8.firstIndex(of: UInt8(ascii: "-")) ?? rule.endIndex
        return rule[..<end]
    }
}

/// What the policy made of hits and probability. Points are thousandths.
public struct PolicyDecision: Sendable, Hashable {
    public struct Contribution: Sendable, Hashable {
        /// A rule's id, `ML`, or `ML:` with the name of an input.
        public var source: String
        public var reasonCode: String
        /// Below 0 for what spoke against the risk.
        public var points: Int64
    }

    public var ruleScore: Int64
    public var modelScore: Int64?
    public var score: Int64
    public var level: RiskLevel
    public var status: RiskStatus
    public var forcedBy: [String]
    public var contributions: [Contribution]
    /// Whether the model's probability raised the status.
    public var isRaisedByModel: Bool

    /// The score as it is shown: whole points, cut once.
    public var wholeScore: Int64 { score / 1000 }
    /// The model's score as it is shown: whole points, rounded half up.
    public var wholeModelScore: Int64? { modelScore.map { ($0 + 500) / 1000 } }
}

/// What a policy decides on.
public struct PolicyInput: Sendable {
    public var hits: [Hit]
    /// The model's probability, 0 to 1; nil if it was not asked or did not answer.
    public var probability: Double?
    /// Why the probability is what it is; nil if nobody asked.
    public var explanation: ModelExplanation?
    /// False if no scoring rule could be evaluated at all.
    public var hasRules = true
    public var industry = "default"

    public init(
        hits: [Hit], probability: Double? = nil, explanation: ModelExplanation? = nil,
        hasRules: Bool = true, industry: String = "default"
    ) {
        self.explanation = explanation
        self.hits = hits
        self.probability = probability
        self.hasRules = hasRules
        self.industry = industry
    }
}
