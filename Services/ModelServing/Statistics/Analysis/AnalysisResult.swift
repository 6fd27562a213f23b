/// What one look at an experiment says. The same design, data and look give the same bytes.
public struct AnalysisResult: Sendable, Equatable {
    public let experiment: String
    public let revision: Int
    public let epoch: Int
    public let look: Int
    /// Milliseconds since 1970, UTC.
    public let horizon: Int64
    public let arms: [ArmSummary]
    public let excluded: Excluded
    public let sampleRatio: SampleRatioSummary
    /// Primary and secondary metrics, each treatment against control, in the order of the design.
    public let comparisons: [Comparison]
    public let guardrails: [GuardrailResult]
    public let verdict: Verdict
    /// For the next look.
    public let carried: Look.Carried

    /// Ordered by what is looked at first.
    public enum Verdict: UInt8, Sendable {
        /// A guardrail is broken: an arm harms.
        case harm = 1
        /// The arms have not the shares they should have: nothing else is concluded.
        case sampleRatioMismatch = 2
        /// No primary metric has enough matured units yet.
        case tooFewUnits = 3
        /// A primary metric differs.
        case decided = 4
        /// Nothing is shown so far.
        case open = 5
    }

    public struct ArmSummary: Sendable, Equatable {
        public let name: String
        /// That take part in the analysis.
        public let units: Int
        /// Among them: found by the fallback key.
        public let fallback: Int
        /// Among them: answered by control because the arm's version failed.
        public let failed: Int
    }

    public struct Excluded: Sendable, Equatable {
        public let crossovers: Int
        public let forced: Int
        /// Rows beyond a unit's first, or of an arm that the design does not have.
        public let unusable: Int
        /// One percent of the units or more were met in two arms.
        public let tooManyCrossovers: Bool
    }

    public struct SampleRatioSummary: Sendable, Equatable {
        /// Of this look alone; nil below eight units in an arm.
        public let test: SampleRatioTest?
        public let logBayesFactor: Double
        /// The least of all looks.
        public let sequentialPValue: Double
        public let alarm: Bool
    }

    public struct ArmEstimate: Sendable, Equatable {
        public let mean: Double
        /// Of one unit, after the covariate's share is taken out.
        public let variance: Double
        public let units: Int
        /// Not counted yet: younger than the metric's maturity.
        public let censored: Int
        /// Not counted at all: not finite, or neither 0 nor 1 where it has to be.
        public let invalid: Int
    }

    public enum Finding: UInt8, Sendable {
        case better = 1
        case worse = 2
        case none = 3
        /// Too few units, or a sample ratio that does not hold.
        case withheld = 4
    }

    public struct Comparison: Sendable, Equatable {
        public let metric: String
        public let role: ExperimentMetric.Role
        public let arm: String
        public let control: ArmEstimate
        public let treatment: ArmEstimate
        /// Nil where an arm has fewer than two units, or a ratio no denominator.
        public let effect: Effect?
        /// Holm's, over all primary comparisons; a secondary one's own.
        public let adjustedPValue: Double
        public let finding: Finding
    }

    public struct Effect: Sendable, Equatable {
        /// Treatment − control.
        public let difference: Double
        public let standardError: Double
        /// At the design's alpha, of this comparison alone.
        public let interval: ConfidenceInterval
        public let pValue: Double
        public let lift: RelativeLift?
        public let liftInterval: ConfidenceInterval?
        /// Of the covariate's adjustment; nil without a covariate.
        public let theta: Double?
        /// The mixture's, the largest of all looks; nil for other methods.
        public let likelihoodRatio: Double?
    }

    public struct GuardrailResult: Sendable, Equatable {
        public let metric: String
        public let arm: String
        /// The arm's value, or its lift over control; nil if it is not defined.
        public let value: Double?
        public let limit: Double
        /// How far beyond the limit `value` may be without being broken; of a fairness ratio, on its
        /// logarithm.
        public let margin: Double
        /// The least level at which the limit would count as broken.
        public let pValue: Double
        public let units: Int
        public let state: GuardrailState
    }

    public enum GuardrailState: UInt8, Sendable {
        case holds = 1
        case broken = 2
        case tooFewUnits = 3
        case undefined = 4
    }
}
