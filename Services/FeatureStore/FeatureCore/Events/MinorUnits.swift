internal import Wire

/// Whole minor units of decimals, half to even (R8).
enum MinorUnits {
    /// coefficient · 10^(digits − scale); nil beyond Int64. Scales are 0 to 18.
    static func convert(coefficient: Int64, scale: Int, digits: Int) -> Int64? {
        units(of: Int128(coefficient), exponent: digits - scale)
    }

    /// The amount in minor units of another currency, of which one unit of the amount's currency is
    /// worth `rate · 10^-rateScale`; nil beyond Int64. The product has at most 37 digits.
    static func convert(
        _ amount: Decimal64, rate: Int64, rateScale: Int, digits: Int
    ) -> Int64? {
        units(
            of: Int128(amount.coefficient) * Int128(rate),
            exponent: digits - amount.scale - rateScale)
    }

    /// value · 10^exponent, rounded half to even.
    private static func units(of value: Int128, exponent: Int) -> Int64? {
        guard value != 0 else { return 0 }
        guard exponent < 0 else {
            var scaled = value
            for _ in 0..<exponent {
                let (product, overflow) = scaled.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                scaled = product
            }
            return Int64(exactly: scaled)
        }
        // 10³⁸ is the last power of ten that fits.
        guard exponent >= -38 else { return 0 }
        var divisor: Int128 = 1
        for _ in exponent..<0 { divisor *= 10 }
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        let half = divisor / 2
        let isUp =
            rest.magnitude > half.magnitude
            || (rest.magnitude == half.magnitude && quotient & 1 != 0)
        return Int64(exactly: isUp ? quotient + (value < 0 ? -1 : 1) : quotient)
    }
}
