/// What is analysed and how: the part of an applied experiment that statistics need.
public struct ExperimentDesign: Sendable, Equatable {
    public struct Arm: Sendable, Equatable {
        public let name: String
        /// Basis points of the units that take part.
        public let weight: Int
        public let isControl: Bool

        public init(name: String, weight: Int, isControl: Bool = false) {
            self.name = name
            self.weight = weight
            self.isControl = isControl
        }
    }

    public enum Method: Sendable, Equatable {
        /// An asymptotic confidence sequence: any number of looks.
        case asymptoticSequence
        /// The mixture ratio test with this variance of effects: any number of looks.
        case mixture(variance: Double)
        /// Two proportions or Welch: one look, at a time fixed beforehand.
        case fixed
    }

    public let name: String
    public let revision: Int
    public let epoch: Int
    public let arms: [Arm]
    public let metrics: [ExperimentMetric]
    /// The chance, over all primary metrics and looks, to find a difference where there is none.
    public let alpha: Double
    public let method: Method
    /// Units of both arms together at which a sequence is tightest.
    public let tuningUnits: Int
    public let sampleRatioAlpha: Double
    /// Of matured units of a metric, in each arm: before that nothing is concluded from it.
    public let minimumUnitsPerArm: Int

    /// The chance, over all guardrails and looks, to stop a harmless experiment.
    public static let guardrailAlpha = 0.01
    public static let maximumArms = 8

    public init(
        name: String, revision: Int, epoch: Int, arms: [Arm], metrics: [ExperimentMetric],
        alpha: Double = 0.05, method: Method = .asymptoticSequence, tuningUnits: Int = 5_000,
        sampleRatioAlpha: Double = 0.001, minimumUnitsPerArm: Int = 1_000
    ) throws(DesignError) {
        self.name = name
        self.revision = revision
        self.epoch = epoch
        self.arms = arms
        self.metrics = metrics
        self.alpha = alpha
        self.method = method
        self.tuningUnits = tuningUnits
        self.sampleRatioAlpha = sampleRatioAlpha
        self.minimumUnitsPerArm = minimumUnitsPerArm
        try checkArms()
        try checkNumbers()
        try checkMetrics()
    }

    /// The position of the arm that all others are compared with.
    var control: Int { arms.firstIndex { $0.isControl } ?? 0 }

    /// The positions of all other arms, in the order of the design.
    var treatments: [Int] { arms.indices.filter { !arms[$0].isControl } }

    /// The level of one guardrail in one arm: all of them together stay within `guardrailAlpha`.
    var alphaPerGuardrail: Double {
        let guardrails = metrics.count { $0.role == .guardrail } * treatments.count
        return Self.guardrailAlpha / Double(max(1, guardrails))
    }

    private func checkArms() throws(DesignError) {
        guard (2...Self.maximumArms).contains(arms.count) else {
            throw DesignError("arms: \(arms.count); an experiment has 2 to \(Self.maximumArms)")
        }
        guard Set(arms.map(\.name)).count == arms.count else {
            throw DesignError("arms: two have the same name")
        }
        guard arms.count(where: \.isControl) == 1 else {
            throw DesignError("arms: exactly one is the control")
        }
        guard arms.allSatisfy({ (0...10_000).contains($0.weight) }),
            arms.reduce(0, { $0 + $1.weight }) == 10_000
        else { throw DesignError("arms: weights are basis points and add up to 10000") }
    }

    private func checkNumbers() throws(DesignError) {
        guard alpha > 0 && alpha < 0.5 else {
            throw DesignError("alpha: \(alpha); expected above 0 and below 0.5")
        }
        guard sampleRatioAlpha > 0 && sampleRatioAlpha < 0.5 else {
            throw DesignError("srm_alpha: \(sampleRatioAlpha); expected above 0 and below 0.5")
        }
        guard tuningUnits > 0 else {
            throw DesignError("tuning_units: \(tuningUnits); expected at least 1")
        }
        guard minimumUnitsPerArm >= 2 else {
            throw DesignError("minimum_units_per_arm: \(minimumUnitsPerArm); expected at least 2")
        }
        if case .mixture(let variance) = method, !(variance > 0 && variance.isFinite) {
            throw DesignError("mixture variance: \(variance); expected above 0")
        }
    }

    private func checkMetrics() throws(DesignError) {
        guard Set(metrics.map(\.name)).count == metrics.count else {
            throw DesignError("metrics: two have the same name")
        }
        for metric in metrics { try metric.check() }
    }
}

/// Why a design cannot be analysed.
public struct DesignError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
