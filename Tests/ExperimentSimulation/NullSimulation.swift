internal import Numerics
internal import Statistics

/// Experiments whose arms do not differ, looked at again and again: how often does a method find a
/// difference at any look?
public struct NullSimulation: Sendable {
    public let metric: SimulatedMetric
    public var runs = 10_000
    public var looks = 30
    /// Per arm.
    public var unitsPerLook = 500
    /// Per arm: before that a sequence is not asked.
    public var minimumUnits = 1_000
    public var seed: UInt64 = 1

    public static let alpha = 0.05
    public static let guardrailAlpha = 0.01

    public init(_ metric: SimulatedMetric) { self.metric = metric }

    /// How many runs found a difference at some look.
    public struct Found: Sendable {
        public var sequence = 0
        public var guardrail = 0
        public var mixture = 0
        /// A z test at each look, as if it were the only one.
        public var peeking = 0
        /// The same at the last look only.
        public var oneLook = 0
    }

    public func run() -> Found {
        var seeds = SplitMix64(seed: seed)
        var found = Found()
        for _ in 0..<runs { simulate(seeds.next(), &found) }
        return found
    }

    private func simulate(_ seed: UInt64, _ found: inout Found) {
        var random = SimulatedDraws(seed: seed)
        var control = SimulatedArm(metric)
        var treatment = SimulatedArm(metric)
        var now = Found()
        for look in 1...looks {
            control.add(unitsPerLook, &random)
            treatment.add(unitsPerLook, &random)
            let step = Look(control: control.sample, treatment: treatment.sample)
            now.oneLook = step.isSignificant ? 1 : 0
            now.peeking |= now.oneLook
            if look * unitsPerLook < minimumUnits { continue }
            now.sequence |= step.leavesSequence ? 1 : 0
            now.guardrail |= step.breaksGuardrail ? 1 : 0
            now.mixture |= step.exceedsMixture ? 1 : 0
        }
        found.sequence += now.sequence
        found.guardrail += now.guardrail
        found.mixture += now.mixture
        found.peeking += now.peeking
        found.oneLook += now.oneLook
    }

    /// What each method says at one look.
    private struct Look {
        let difference: Double
        let squaredError: Double
        let units: Int

        init(control: Sample, treatment: Sample) {
            difference = treatment.mean - control.mean
            squaredError = control.squaredError + treatment.squaredError
            units = control.count + treatment.count
        }

        /// In standard errors.
        var distance: Double { difference == 0 ? 0 : difference / squaredError.squareRoot() }

        var isSignificant: Bool { abs(distance) > Self.z }
        var leavesSequence: Bool {
            abs(distance) > Self.twoSided.widthInStandardErrors(units: units)
        }
        var breaksGuardrail: Bool { -distance > Self.oneSided.widthInStandardErrors(units: units) }

        /// Of effects with the variance that the error has at 5,000 units: a fair choice of τ².
        var exceedsMixture: Bool {
            let variance = squaredError * Double(units) / 5_000
            if variance == 0 { return false }
            let test = MixtureRatioTest(
                difference: difference, squaredError: squaredError, mixtureVariance: variance)
            return MixtureRatioTest.pValue(greatest: test.likelihoodRatio) <= NullSimulation.alpha
        }

        static let z = NormalDistribution.upperQuantile(NullSimulation.alpha / 2)
        static let twoSided = ConfidenceSequence(
            alpha: NullSimulation.alpha, tuningUnits: 5_000, sides: .two)
        static let oneSided = ConfidenceSequence(
            alpha: NullSimulation.guardrailAlpha, tuningUnits: 5_000, sides: .one)
    }
}
