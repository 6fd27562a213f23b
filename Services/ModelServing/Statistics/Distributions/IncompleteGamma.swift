internal import Numerics

/// The regularised incomplete gamma function, each tail computed directly.
enum IncompleteGamma {
    /// Both P(a, x) and Q(a, x) = 1 − P(a, x), for a > 0 and x >= 0; the smaller one is the exact one.
    static func tails(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
        if x <= 0 { return (0, 1) }
        if x == .infinity { return (1, 0) }
        if x < a + 1 {
            let lower = series(a, x)
            return (lower, 1 - lower)
        }
        let upper = continuedFraction(a, x)
        return (1 - upper, upper)
    }

    /// x^a·e^(−x) / Γ(a), by Stirling's formula: no large terms cancel.
    private static func density(_ a: Double, _ x: Double) -> Double {
        let excess = (x - a) / a
        let logarithm =
            x < a / 2 ? ElementaryFunctions.log(x / a) : ElementaryFunctions.log1p(excess)
        let exponent = a * (excess - logarithm) + LogGamma.remainder(a)
        return (a / (2 * Double.pi)).squareRoot() * ElementaryFunctions.exp(-exponent)
    }

    /// P(a, x) = x^a e^(−x) / Γ(a) · Σ xⁿ / (a·(a+1)···(a+n)) (NIST DLMF 8.7.1).
    private static func series(_ a: Double, _ x: Double) -> Double {
        var term = 1 / a
        var sum = term
        var n = 1.0
        while term > sum * 0x1p-54 {
            term *= x / (a + n)
            sum += term
            n += 1
        }
        return density(a, x) * sum
    }

    /// Q(a, x) by the continued fraction of Legendre (NIST DLMF 8.9.2), evaluated after Lentz.
    private static func continuedFraction(_ a: Double, _ x: Double) -> Double {
        var b = x + 1 - a
        var c = Lentz.infinity
        var d = 1 / b
        var h = d
        for step in 1...Lentz.limit {
            let n = Double(step)
            let numerator = -n * (n - a)
            b += 2
            d = 1 / Lentz.nonzero(numerator * d + b)
            c = Lentz.nonzero(b + numerator / c)
            let factor = c * d
            h *= factor
            if abs(factor - 1) < 0x1p-52 { break }
        }
        return min(1, density(a, x) * h)
    }
}

/// The constants of Lentz's evaluation of continued fractions, with Thompson and Barnett's guard (1986).
enum Lentz {
    static let tiny = 0x1p-900
    static let infinity = 0x1p900
    /// Far more steps than an argument of our own needs: about the root of the largest parameter.
    static let limit = 100_000

    static func nonzero(_ x: Double) -> Double { abs(x) < tiny ? tiny : x }
}
