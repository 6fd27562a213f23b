internal import Numerics

/// The sample ratio check that may be looked at as often as one likes (Lindon and Malek 2022): a Bayes
/// factor of "the shares are any, near the weights" against "the shares are the weights".
public enum SequentialSampleRatio {
    /// How much the shares are believed to be near the weights: as if so many units had been seen.
    public static let priorUnits = 10_000.0

    /// ln of the Bayes factor Dirichlet-multinomial(10,000·p₀) / multinomial(p₀), over the arms that
    /// have a weight. Its reciprocal, the least of all looks, is a p value valid at every look.
    ///
    /// With A = 10,000, a = A·p, z = a + n and N units in all, ln Γ is replaced by Stirling's formula
    /// and its remainder r, and the large terms cancel on paper instead of in the processor:
    /// Σ z·ln(z/(p(A+N))) − ½(Σ ln(z/a) − ln((A+N)/A)) + Σ(r(z) − r(a)) − (r(A+N) − r(A)).
    public static func logBayesFactor(units: [Int], weights: [Int]) -> Double {
        precondition(units.count == weights.count, "a weight for each arm")
        let arms = zip(units, weights).filter { $0.1 > 0 }
        if arms.count < 2 { return 0 }
        let total = Double(arms.reduce(0) { $0 + $1.0 })
        let weight = Double(arms.reduce(0) { $0 + $1.1 })
        let all = priorUnits + total
        var sum = ExactSum()
        for (count, share) in arms {
            let p = Double(share) / weight
            let prior = priorUnits * p
            let posterior = prior + Double(count)
            let excess = (Double(count) - total * p) / (p * all)
            sum.add(posterior * ElementaryFunctions.log1p(excess))
            sum.add(-0.5 * ElementaryFunctions.log1p(Double(count) / prior))
            sum.add(LogGamma.remainder(posterior) - LogGamma.remainder(prior))
        }
        sum.add(0.5 * ElementaryFunctions.log1p(total / priorUnits))
        sum.add(LogGamma.remainder(priorUnits) - LogGamma.remainder(all))
        return sum.value
    }

    /// The p value of one look.
    public static func pValue(units: [Int], weights: [Int]) -> Double {
        min(1, ElementaryFunctions.exp(-logBayesFactor(units: units, weights: weights)))
    }
}
