internal import Numerics

/// The standard normal distribution.
public enum NormalDistribution {
    /// P(Z > z); exact to the last places however far out.
    public static func upperTail(_ z: Double) -> Double {
        let (lower, upper) = IncompleteGamma.tails(0.5, 0.5 * z * z)
        return z >= 0 ? 0.5 * upper : 0.5 + 0.5 * lower
    }

    /// P(|Z| > |z|).
    public static func twoSidedTail(_ z: Double) -> Double {
        IncompleteGamma.tails(0.5, 0.5 * z * z).upper
    }

    /// The z with P(Z > z) = p, for 0 < p < 1: 1.96 for 0.025.
    ///
    /// Abramowitz and Stegun 26.2.23 is within 4.5e-4; Halley's step, of third order, does the rest.
    public static func upperQuantile(_ p: Double) -> Double {
        precondition(p > 0 && p < 1, "a probability between 0 and 1")
        if p > 0.5 { return -upperQuantile(1 - p) }
        let t = (-2 * ElementaryFunctions.log(p)).squareRoot()
        let numerator = 2.515517 + t * (0.802853 + t * 0.010328)
        let denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
        var z = t - numerator / denominator
        for _ in 0..<3 {
            let density = ElementaryFunctions.exp(-0.5 * z * z - LogGamma.halfLogTwoPi)
            let error = (upperTail(z) - p) / density
            z += error / (1 - 0.5 * error * z)
        }
        return z
    }
}
