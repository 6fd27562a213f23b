extension ElementaryFunctions {
    /// e^x, at most 0.511 units in the last place off.
    public static func exp(_ x: Double) -> Double { Exponential.natural(x) }

    /// 2^x, at most 0.507 units in the last place off.
    public static func exp2(_ x: Double) -> Double { Exponential.binary(x) }

    /// The natural logarithm, at most 0.52 units in the last place off.
    public static func log(_ x: Double) -> Double { Logarithm.natural(x) }

    /// log(1 + x) without losing the digits of a small x, less than one unit in the last place off:
    /// the algorithm of Sun's fdlibm (`s_log1p.c`).
    ///
    /// 1 + x = 2^k·(1 + f) with √2/2 < 1 + f < √2; log(1 + f) = f - f²/2 + s·(f²/2 + R(s²)) where
    /// s = f/(2 + f); what rounding 1 + x lost comes back as a correction.
    public static func log1p(_ x: Double) -> Double {
        if x.isNaN || x == .infinity { return x }
        if x <= -1 { return x == -1 ? -.infinity : .nan }
        if x.magnitude < 0x1p-54 { return x }
        if x.magnitude < 0x1p-29 { return x - x * x * 0.5 }

        var (k, f, correction) = (0.0, x, 0.0)
        if x <= -0.2929 || x >= 0.41421 {
            let sum = 1 + x
            // Above 2^53 the lost part is below half a unit in the last place of the sum.
            if sum < 0x1p53 { correction = (sum >= 2 ? 1 - (sum - x) : x - (sum - 1)) / sum }
            var exponent = Int(sum.exponent)
            var significand = sum.significand
            if significand > 1.4142135623730951 {
                significand /= 2
                exponent += 1
            }
            (k, f) = (Double(exponent), significand - 1)
        }
        let half = 0.5 * f * f
        let s = f / (2 + f)
        let z = s * s
        let z2 = z * z
        let low = z * log1pTerms.0 + z2 * (log1pTerms.1 + z * log1pTerms.2)
        let middle = z2 * z2 * (log1pTerms.3 + z * log1pTerms.4)
        let rest = low + middle + z2 * z2 * z2 * (log1pTerms.5 + z * log1pTerms.6)
        if k == 0 { return f - (half - s * (half + rest)) }
        return k * ln2High - ((half - (s * (half + rest) + (k * ln2Low + correction))) - f)
    }

    private static let (ln2High, ln2Low) = (0x1.62e42feep-1, 0x1.a39ef35793c76p-33)
    private static let log1pTerms = (
        0x1.5555555555593p-1, 0x1.999999997fa04p-2, 0x1.2492494229359p-2, 0x1.c71c51d8e78afp-3,
        0x1.7466496cb03dep-3, 0x1.39a09d078c69fp-3, 0x1.2f112df3e5244p-3
    )
}
