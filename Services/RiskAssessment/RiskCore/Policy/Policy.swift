/// The numbers by which hits and the model's probability become score, level and status
/// (design: risk, section 7). Points are integers in thousandths, so that every machine agrees.
public struct Policy: Sendable, Hashable {
    /// How the scores of one family add up.
    public struct WithinFamily: Sendable, Hashable {
        public var restFactor = 0.25
        public var cap = 60.0
        /// The cap of a family that has a critical hit.
        public var capIfCritical = ["LST": 85.0, "DEV": 85.0]

        public init() {}
    }

    /// Scores from which a status holds, in whole points.
    public struct Thresholds: Sendable, Hashable {
        public var review: Int64
        public var decline: Int64

        public init(review: Int64, decline: Int64) {
            self.review = review
            self.decline = decline
        }
    }

    /// Lowest score of a level, in whole points.
    public struct Levels: Sendable, Hashable {
        public var medium: Int64 = 30
        public var high: Int64 = 50
        public var critical: Int64 = 70

        public init() {}
    }

    /// The probability from which the status is at least `outcome`.
    public struct ModelFloor: Sendable, Hashable {
        public var probability: Double
        public var outcome: ForcedOutcome

        public init(probability: Double, outcome: ForcedOutcome) {
            self.probability = probability
            self.outcome = outcome
        }
    }

    /// How the values of the families become the rules' score.
    public enum AcrossFamilies: String, Sendable, CaseIterable {
        /// The chance that at least one is right, if they were independent.
        case noisyOr = "noisy_or"
        /// Their sum, at most 100.
        case cappedSum = "capped_sum"
        /// The greatest one.
        case max
        /// The plain sum of all hits, whatever their family and its cap, at most 100.
        case sum
    }

    /// How it is found what drove the model.
    public enum RiskFactors: String, Sendable, CaseIterable {
        /// By what each input added to the probability.
        case attribution
        /// By limits of amount, account age, VPN and velocity, in this order.
        case thresholds
    }

    public var name = "default"
    public var acrossFamilies = AcrossFamilies.noisyOr
    /// The only rules this policy looks at; nil means all.
    public var rules: Set<String>?
    /// Share of the rules' score, in thousandths; the model has the rest.
    public var rulesWeight: Int64 = 600
    public var withinFamily = WithinFamily()
    public var levels = Levels()
    /// By industry; `default` for all others.
    public var thresholds: [String: Thresholds] = ["default": Thresholds(review: 40, decline: 70)]
    /// The level that a forced outcome raises to; an outcome that is not named forces nothing.
    public var forcedLevel: [ForcedOutcome: RiskLevel] = [
        .challenge: .medium, .review: .high, .decline: .critical,
    ]
    public var modelFloor: ModelFloor? = ModelFloor(probability: 0.95, outcome: .review)
    /// Probability from which the model is asked why.
    public var explainFloor = 0.2
    public var riskFactors = RiskFactors.attribution
    public var maximumReasons = 5
    /// The least status of a decision without the feature store, and without the model.
    public var featuresUnavailable = DegradedFloor(.review)
    public var modelUnavailable = DegradedFloor(.none)
    public var credit = CreditPolicy()
    /// The text the policy was read from; empty for one made in code.
    public internal(set) var source = ""
    /// SHA-256 of the file the policy was read from; empty for one made in code.
    public var digest: [UInt8] = []

    public init() {}
}
