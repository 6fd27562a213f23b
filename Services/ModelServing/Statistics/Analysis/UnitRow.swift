/// What is known of one unit of an experiment, over all its calls.
public struct UnitRow: Sendable, Equatable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Met in two arms: excluded and counted.
        public static let crossover = Flags(rawValue: 1)
        /// Forced into its arm, or named by an override: excluded and counted.
        public static let forced = Flags(rawValue: 2)
        /// Found by the fallback key; stays in.
        public static let fallback = Flags(rawValue: 4)
        /// Its arm's version failed and control answered; stays in its arm.
        public static let failed = Flags(rawValue: 8)
    }

    /// Of the draw of the arm: the order in which units are added up.
    public let hash: UInt64
    /// Position in the design's arms.
    public let arm: Int
    public let flags: Flags
    /// One per metric of the design, in its order.
    public let values: [MetricValue]

    public init(hash: UInt64, arm: Int, flags: Flags = [], values: [MetricValue]) {
        self.hash = hash
        self.arm = arm
        self.flags = flags
        self.values = values
    }
}

/// One unit's part in one metric, aggregated over its calls.
public struct MetricValue: Sendable, Equatable {
    public let numerator: Double
    /// 1 for anything but a ratio.
    public let denominator: Double
    /// Known before the assignment; nil if it is not known of this unit.
    public let covariate: Double?
    /// Whether the exposure is older than the metric's maturity; younger units are censored.
    public let matured: Bool
    /// Position in the groups of a fairness metric; nil if the unit's group is not known.
    public let group: Int?

    public init(
        numerator: Double, denominator: Double = 1, covariate: Double? = nil, matured: Bool = true,
        group: Int? = nil
    ) {
        self.numerator = numerator
        self.denominator = denominator
        self.covariate = covariate
        self.matured = matured
        self.group = group
    }
}

/// Calls counted per arm, for a metric whose source is `counts`.
public struct MetricCounts: Sendable, Equatable {
    public let metric: String
    /// One per arm of the design; nil where nothing was called.
    public let arms: [Share?]

    public init(metric: String, arms: [Share?]) {
        self.metric = metric
        self.arms = arms
    }
}

/// One of the times at which an experiment is looked at.
public struct Look: Sendable, Equatable {
    /// From 1.
    public let number: Int
    /// What happened later is not in the data. Milliseconds since 1970, UTC.
    public let horizon: Int64
    /// What the looks before leave to this one.
    public let carried: Carried

    public init(number: Int, horizon: Int64, carried: Carried = Carried()) {
        self.number = number
        self.horizon = horizon
        self.carried = carried
    }

    /// The extremes of all looks so far. Replaying the looks in order over the same data gives the
    /// same extremes.
    public struct Carried: Sendable, Equatable {
        /// The least sequential p value of the sample ratio.
        public let sampleRatioPValue: Double
        /// The largest mixture ratio of each comparison, in the order of the result; empty at first.
        public let likelihoodRatios: [Double]

        public init(sampleRatioPValue: Double = 1, likelihoodRatios: [Double] = []) {
            self.sampleRatioPValue = sampleRatioPValue
            self.likelihoodRatios = likelihoodRatios
        }
    }
}
