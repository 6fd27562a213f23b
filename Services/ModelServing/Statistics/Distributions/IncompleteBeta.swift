internal import Numerics

/// The regularised incomplete beta function.
enum IncompleteBeta {
    /// I_x(a, b), for a, b > 0, where `y` is 1 − x: the caller knows both without cancellation.
    static func value(_ a: Double, _ b: Double, x: Double, y: Double) -> Double {
        if x <= 0 { return 0 }
        if y <= 0 { return 1 }
        if x * (a + b + 2) > a + 1 { return 1 - continuedFraction(b, a, x: y, y: x) }
        return continuedFraction(a, b, x: x, y: y)
    }

    /// The even part of the continued fraction NIST DLMF 8.17.22 (Didonato and Morris 1992, equation
    /// 9.1), evaluated after Lentz: where x is nearly 1, y keeps what 1 − x would have lost.
    private static func continuedFraction(_ a: Double, _ b: Double, x: Double, y: Double) -> Double
    {
        let front = ElementaryFunctions.exp(
            a * logarithm(x, y) + b * logarithm(y, x) - LogGamma.beta(a, b))
        let start = a * y - b * x + 1
        var fraction = Lentz.nonzero(a * start / (a + 1))
        var c = fraction
        var d = 0.0
        for step in 1...Lentz.limit {
            let m = Double(step)
            let odd = a + 2 * m - 1
            let weight = m * (b - m) * x / odd
            let numerator = (a + m - 1) * (a + b + m - 1) * x / odd * weight
            let denominator = m + weight + (a + m) * (start + m * (1 + y)) / (odd + 2)
            d = 1 / Lentz.nonzero(denominator + numerator * d)
            c = Lentz.nonzero(denominator + numerator / c)
            let factor = c * d
            fraction *= factor
            if abs(factor - 1) < 0x1p-52 { break }
        }
        return front / fraction
    }

    /// ln x, from whichever of x and 1 − x is the exact one.
    private static func logarithm(_ x: Double, _ rest: Double) -> Double {
        rest < 0.5 ? ElementaryFunctions.log1p(-rest) : ElementaryFunctions.log(x)
    }
}
