import Foundation
import Statistics
import Testing

/// The published examples of every method, to 1e-9 relative.
@Suite("Published examples")
struct GoldenTests {
    static let control = Share(events: 310, trials: 5_000)
    static let treatment = Share(events: 365, trials: 5_000)

    @Test("two proportions: pooled z, unpooled interval")
    func twoProportions() {
        let test = TwoProportionTest(control: Self.control, treatment: Self.treatment)
        expect(test.z, 2.19223134370515)
        expect(test.pValue, 0.0283628063174575)
        expect(test.interval(alpha: 0.05).lower, 0.001167815715401992)
        expect(test.interval(alpha: 0.05).upper, 0.020832184284598)
    }

    @Test(
        "sample ratio: two arms, a small p in a large sample, three arms, an arm without a weight")
    func sampleRatio() throws {
        let small = try #require(SampleRatioTest(units: [5_000, 5_200], weights: [1, 1]))
        expect(small.statistic, 3.92156862745098)
        expect(small.pValue, 0.0476703806561615)
        let large = try #require(SampleRatioTest(units: [821_588, 815_482], weights: [1, 1]))
        expect(large.statistic, 22.77436884189436)
        expect(large.pValue, 1.8217928726191858e-06)
        let three = try #require(
            SampleRatioTest(units: [1_000, 4_600, 4_400], weights: [10, 45, 45]))
        expect(three.statistic, 4.44444444444444)
        expect(three.pValue, 0.108368023221896)
        #expect(
            SampleRatioTest(units: [5_000, 7, 5_200], weights: [1, 0, 1]) == small,
            "an arm without a weight takes no part")
    }

    @Test("sample ratio: nothing is said of seven units, or of one arm")
    func tooFewForARatio() {
        #expect(SampleRatioTest(units: [7, 5_200], weights: [1, 1]) == nil)
        #expect(SampleRatioTest(units: [8, 8], weights: [1, 1]) != nil)
        #expect(SampleRatioTest(units: [5_000, 10], weights: [1, 0]) == nil)
    }

    @Test("sequential sample ratio: one look")
    func sequentialSampleRatio() {
        let logarithm = SequentialSampleRatio.logBayesFactor(
            units: [5_000, 5_200], weights: [1, 1])
        expect(exp(logarithm), 1.89383301646469)
        expect(
            SequentialSampleRatio.pValue(units: [5_000, 5_200], weights: [1, 1]), 0.528029658003718)
        #expect(SequentialSampleRatio.pValue(units: [0, 0], weights: [1, 1]) == 1)
    }

    @Test("Welch: t, degrees and p")
    func welch() {
        let test = WelchTest(
            control: Sample(mean: 10.5, variance: 9, count: 120),
            treatment: Sample(mean: 10, variance: 4, count: 100))
        expect(test.t, -1.47441956154897)
        expect(test.degrees, 208.495834866682)
        expect(test.pValue, 0.141876992149154)
    }

    @Test("relative lift")
    func lift() throws {
        let lift = try #require(
            RelativeLift(
                control: Sample(mean: 10, variance: 4, count: 100),
                treatment: Sample(mean: 10.5, variance: 9, count: 120)))
        expect(lift.value, 0.05)
        expect(lift.standardError, 0.0345108678534748)
        let nothing = Sample(mean: 0, variance: 4, count: 100)
        #expect(RelativeLift(control: nothing, treatment: nothing) == nil)
    }

    @Test("ratio by the delta method")
    func ratio() throws {
        let ratio = try #require(
            RatioEstimate(
                numerators: [3, 5, 2, 8, 6, 4, 7, 1],
                denominators: [10, 12, 9, 20, 15, 11, 18, 5]))
        expect(ratio.value, 0.36)
        expect(ratio.squaredError, 0.000488228571428573)
        #expect(RatioEstimate(numerators: [1, 2], denominators: [1, -1]) == nil)
    }

    @Test("CUPED: theta, difference and standard error")
    func covariate() {
        let adjustment = CovariateAdjustment(
            control: .init(values: [1, 3, 2, 5, 4], covariates: [2, 4, 3, 6, 5]),
            treatment: .init(values: [2, 4, 4, 6, 5], covariates: [1, 4, 3, 5, 5]))
        expect(adjustment.theta, 0.915094339622642)
        expect(adjustment.difference, 1.56603773584906)
        expect(adjustment.standardError, 0.228819777480089)
        expect(adjustment.treatment.mean - adjustment.control.mean, adjustment.difference)
    }

    @Test("a covariate that does not vary changes nothing")
    func constantCovariate() {
        let adjustment = CovariateAdjustment(
            control: .init(values: [1, 3, 2], covariates: [7, 7, 7]),
            treatment: .init(values: [2, 4, 4], covariates: [7, 7, 7]))
        #expect(adjustment.theta == 0)
        expect(adjustment.difference, 4.0 / 3)
    }

    @Test("confidence sequence: two-sided")
    func sequence() {
        let sequence = ConfidenceSequence(alpha: 0.05, tuningUnits: 5_000, sides: .two)
        let test = TwoProportionTest(control: Self.control, treatment: Self.treatment)
        expect(sequence.rho, 0.0398400667713737)
        let width = sequence.widthInStandardErrors(units: 10_000)
        expect(test.standardError * width, 0.0153579394501307)
        expect(sequence.pValue(distance: width, units: 10_000), 0.05)
        #expect(sequence.pValue(distance: 0, units: 10_000) == 1)
        #expect(sequence.pValue(distance: .infinity, units: 10_000) == 0)
    }

    @Test("confidence sequence: one-sided, and 1 in the direction it does not look")
    func oneSidedSequence() {
        let sequence = ConfidenceSequence(alpha: 0.05, tuningUnits: 5_000, sides: .one)
        let test = TwoProportionTest(control: Self.control, treatment: Self.treatment)
        expect(sequence.rho, 0.0355776885288975)
        let width = sequence.widthInStandardErrors(units: 10_000)
        expect(test.standardError * width, 0.0140529112454264)
        expect(sequence.pValue(distance: width, units: 10_000), 0.05)
        #expect(sequence.pValue(distance: -3, units: 10_000) == 1)
        #expect(sequence.pValue(distance: 0.01, units: 10_000) == 1)
    }

    @Test("mixture ratio test")
    func mixture() {
        let test = TwoProportionTest(control: Self.control, treatment: Self.treatment)
        let mixture = MixtureRatioTest(
            difference: test.difference, squaredError: test.standardError * test.standardError,
            mixtureVariance: 1e-4)
        expect(mixture.likelihoodRatio, 3.06072274574796)
        expect(
            MixtureRatioTest.pValue(greatest: mixture.likelihoodRatio), 0.326720217108599)
        #expect(MixtureRatioTest.pValue(greatest: 0.5) == 1)
    }

    @Test("units per arm, rounded up")
    func unitsPerArm() {
        #expect(
            SampleSize.unitsPerArm(control: 0.05, treatment: 0.055, alpha: 0.05, power: 0.8)
                == 31_231)
        #expect(
            SampleSize.unitsPerArm(control: 0.05, treatment: 0.05, alpha: 0.05, power: 0.8) == nil)
    }

    @Test("Holm: each p beside those that are smaller, in the order given")
    func holm() {
        let adjusted = HolmCorrection.adjusted([0.01, 0.04, 0.03, 0.005])
        for (found, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) { expect(found, expected) }
        #expect(HolmCorrection.adjusted([]) == [])
        #expect(HolmCorrection.adjusted([0.7, 0.6]) == [1, 1])
    }
}

/// Equal to 1e-9 relative.
func expect(
    _ found: Double, _ expected: Double, within tolerance: Double = 1e-9,
    _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(
        abs(found - expected) <= tolerance * abs(expected), comment, sourceLocation: sourceLocation)
}
