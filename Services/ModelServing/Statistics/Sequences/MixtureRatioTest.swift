internal import Numerics

/// The mixture sequential probability ratio test (Robbins 1970; Johari, Koomen, Pekelis and Walsh
/// 2022): how much likelier a normally distributed effect with variance τ² makes what was seen.
public struct MixtureRatioTest: Sendable, Equatable {
    /// Λ = √(V/(V+τ²))·exp(τ²d²/(2V(V+τ²))), where V is the square of d's standard error.
    public let likelihoodRatio: Double

    public init(difference: Double, squaredError: Double, mixtureVariance: Double) {
        precondition(mixtureVariance > 0, "a mixture has a variance")
        let sum = squaredError + mixtureVariance
        if squaredError <= 0 {
            // Nothing varies: an effect is certain, or there is nothing to say.
            likelihoodRatio = difference == 0 ? 1 : .infinity
            return
        }
        let exponent = mixtureVariance * difference * difference / (2 * squaredError * sum)
        likelihoodRatio = (squaredError / sum).squareRoot() * ElementaryFunctions.exp(exponent)
    }

    /// Valid at every look, where `greatest` is the largest ratio of all looks so far.
    public static func pValue(greatest: Double) -> Double { min(1, 1 / greatest) }
}

extension MixtureRatioTest {
    /// Half the width of the interval of one look, in standard errors, that is left out only where
    /// the ratio reaches 1/alpha: valid at every look.
    static func widthInStandardErrors(
        alpha: Double, squaredError: Double, mixtureVariance: Double
    ) -> Double {
        if squaredError <= 0 { return 0 }
        let sum = squaredError + mixtureVariance
        let logarithm =
            -ElementaryFunctions.log(alpha) + 0.5
            * ElementaryFunctions.log1p(mixtureVariance / squaredError)
        return (2 * sum / mixtureVariance * logarithm).squareRoot()
    }
}
