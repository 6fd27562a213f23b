extension AnalysisResult.Effect {
    /// By the design's method; `earlier` is the largest mixture ratio of the looks before.
    init(_ pair: ArmPair, design: ExperimentDesign, earlier: Double) {
        let error = pair.squaredError.squareRoot()
        let width: Double
        var ratio: Double?
        let pValue: Double
        switch design.method {
        case .asymptoticSequence:
            let sequence = ConfidenceSequence(
                alpha: design.alpha, tuningUnits: design.tuningUnits, sides: .two)
            width = sequence.widthInStandardErrors(units: pair.units)
            pValue = sequence.pValue(
                distance: WelchTest.ratio(pair.difference, error), units: pair.units)
        case .mixture(let variance):
            let test = MixtureRatioTest(
                difference: pair.difference, squaredError: pair.squaredError,
                mixtureVariance: variance)
            let greatest = max(earlier, test.likelihoodRatio)
            ratio = greatest
            pValue = MixtureRatioTest.pValue(greatest: greatest)
            width = MixtureRatioTest.widthInStandardErrors(
                alpha: design.alpha, squaredError: pair.squaredError, mixtureVariance: variance)
        case .fixed:
            (width, pValue) = AnalysisResult.Effect.fixed(pair, alpha: design.alpha)
        }
        let lift = pair.lift
        self.init(
            difference: pair.difference, standardError: error,
            interval: ConfidenceInterval(center: pair.difference, halfWidth: width * error),
            pValue: pValue, lift: lift,
            liftInterval: lift.map {
                ConfidenceInterval(center: $0.value, halfWidth: width * $0.standardError)
            },
            theta: pair.theta, likelihoodRatio: ratio)
    }

    /// The one look of a fixed test: its interval's half width in standard errors, and its p value.
    private static func fixed(_ pair: ArmPair, alpha: Double) -> (width: Double, pValue: Double) {
        if let shares = pair.shares {
            let test = TwoProportionTest(control: shares.control, treatment: shares.treatment)
            return (NormalDistribution.upperQuantile(alpha / 2), test.pValue)
        }
        let test = WelchTest(control: pair.control, treatment: pair.treatment)
        return (StudentDistribution.twoSidedQuantile(alpha, degrees: test.degrees), test.pValue)
    }
}
