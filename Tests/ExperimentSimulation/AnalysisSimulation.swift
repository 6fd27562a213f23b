internal import Numerics
internal import Statistics

/// Experiments without an effect, through the whole analysis: two primary metrics (one with a
/// covariate), a guardrail, the sample ratio, all looks. How often does it conclude anything?
public struct AnalysisSimulation: Sendable {
    public var runs = 500
    public var looks = 30
    /// Per arm.
    public var unitsPerLook = 100
    public var minimumUnits = 500
    public var seed: UInt64 = 1

    public init() {}

    /// How many runs had this verdict at some look.
    public struct Found: Sendable {
        public var decided = 0
        public var harm = 0
        public var sampleRatioMismatch = 0
        /// Of the standard error, by the covariate, at the last look: summed over the runs.
        public var errorReduction = 0.0
        public var units = 0
    }

    public func run() throws -> Found {
        let design = try Self.design(minimumUnits: minimumUnits)
        var seeds = SplitMix64(seed: seed)
        var found = Found()
        for _ in 0..<runs { simulate(design, seeds.next(), &found) }
        return found
    }

    private func simulate(_ design: ExperimentDesign, _ seed: UInt64, _ found: inout Found) {
        var random = SimulatedDraws(seed: seed)
        var units: [UnitRow] = []
        var carried = Look.Carried()
        var verdicts: Set<UInt8> = []
        for number in 1...looks {
            for _ in 0..<2 * unitsPerLook { units.append(Self.unit(&random)) }
            let result = ExperimentAnalysis.analyze(
                design, units: units,
                look: Look(number: number, horizon: Int64(number), carried: carried))
            carried = result.carried
            verdicts.insert(result.verdict.rawValue)
            found.units += units.count
            if number == looks { found.errorReduction += Self.errorReduction(result) }
        }
        func met(_ verdict: AnalysisResult.Verdict) -> Int {
            verdicts.contains(verdict.rawValue) ? 1 : 0
        }
        found.decided += met(.decided)
        found.harm += met(.harm)
        found.sampleRatioMismatch += met(.sampleRatioMismatch)
    }

    /// The covariate explains half of the amount's variance: its error should fall by √½.
    static func unit(_ random: inout SimulatedDraws) -> UnitRow {
        let past = random.normal()
        let amount = past + random.normal()
        return UnitRow(
            hash: random.word(), arm: random.happens(0.5) ? 1 : 0,
            values: [
                MetricValue(numerator: random.happens(0.06) ? 1 : 0),
                MetricValue(numerator: amount, covariate: past),
                MetricValue(numerator: random.happens(0.2) ? 1 : 0),
                MetricValue(numerator: amount),
            ])
    }

    private static func errorReduction(_ result: AnalysisResult) -> Double {
        guard let adjusted = result.comparisons.first(where: { $0.metric == "amount" })?.effect,
            let plain = result.comparisons.first(where: { $0.metric == "amount_alone" })?.effect
        else { return 0 }
        return 1 - adjusted.standardError / plain.standardError
    }

    /// The guardrail lies where the arms are: the hardest case that is harmless.
    static func design(minimumUnits: Int) throws -> ExperimentDesign {
        try ExperimentDesign(
            name: "without-effect", revision: 1, epoch: 1,
            arms: [
                .init(name: "control", weight: 5_000, isControl: true),
                .init(name: "treatment", weight: 5_000),
            ],
            metrics: [
                .init(name: "fraud", role: .primary, kind: .proportion, better: .lower),
                .init(name: "amount", role: .primary, kind: .mean, better: .higher),
                .init(
                    name: "approved", role: .guardrail, kind: .proportion, better: .higher,
                    limit: .relative(0)),
                .init(name: "amount_alone", role: .secondary, kind: .mean, better: .higher),
            ], minimumUnitsPerArm: minimumUnits)
    }
}
