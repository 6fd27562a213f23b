internal import Numerics

/// ln Γ and what follows from it, arranged so that large arguments lose nothing to cancellation.
enum LogGamma {
    /// ln √(2π).
    static let halfLogTwoPi = 0x1.d67f1c864beb5p-1

    /// ln Γ(x), for x > 0.
    static func value(_ x: Double) -> Double {
        (x - 0.5) * ElementaryFunctions.log(x) - x + halfLogTwoPi + remainder(x)
    }

    /// What Stirling's formula leaves of ln Γ: `ln Γ(x) − (x − ½)·ln x + x − ln √(2π)`, for x > 0.
    ///
    /// Small arguments go up by Binet's recurrence r(x) = r(x+1) + (x + ½)·ln(1 + 1/x) − 1, large
    /// ones by the asymptotic series with Bernoulli numbers (NIST DLMF 5.11.1).
    static func remainder(_ x: Double) -> Double {
        var x = x
        var climbed = 0.0
        while x < 16 {
            climbed += (x + 0.5) * ElementaryFunctions.log1p(1 / x) - 1
            x += 1
        }
        let inverse = 1 / x
        let square = inverse * inverse
        var series = 0.0
        for coefficient in coefficients.reversed() { series = series * square + coefficient }
        return climbed + series * inverse
    }

    /// B₂ₖ / (2k·(2k − 1)) for k = 1 ... 8.
    private static let coefficients: [Double] = [
        1.0 / 12, -1.0 / 360, 1.0 / 1_260, -1.0 / 1_680, 1.0 / 1_188, -691.0 / 360_360, 1.0 / 156,
        -3_617.0 / 122_400,
    ]

    /// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a, b > 0.
    static func beta(_ a: Double, _ b: Double) -> Double {
        let (large, small) = a >= b ? (a, b) : (b, a)
        let sum = large + small
        let leading =
            -(large - 0.5) * ElementaryFunctions.log1p(small / large)
            + small * ElementaryFunctions.log(small / sum) - 0.5 * ElementaryFunctions.log(small)
        return leading + halfLogTwoPi + remainder(large) + remainder(small) - remainder(sum)
    }
}
