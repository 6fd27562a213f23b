/// Logarithm, sine, cosine and arc tangent from + − × ÷ alone: no library of the platform takes
/// part, so results are equal bit for bit wherever IEEE 754 holds.
package enum ElementaryFunctions {
    // MARK: Logarithm

    /// ln 2 in two parts: the first has 20 zero bits at its end, so that its products with
    /// exponents are exact.
    private static let ln2High = 0x1.62e42feep-1
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// 2/(2k + 1) for k from 11 down to 1.
    private static let seriesOfLogarithm: [Double] = (1...11).reversed().map {
        2 / Double(2 * $0 + 1)
    }

    /// The natural logarithm of a positive number; within 1 ulp.
    ///
    /// x = 2^k·(1 + f) with √½ ≤ 1 + f < √2, and with s = f/(2 + f):
    /// ln(1 + f) = f − s·(f − R), R = ⅔s² + ⅖s⁴ + ….
    package static func logarithm(_ x: Double) -> Double {
        guard x.isFinite else { return x }
        var exponent = Int(x.exponent)
        var significand = x.significand
        if significand >= 0x1.6a09e667f3bcdp0 {
            significand /= 2
            exponent += 1
        }
        let f = significand - 1
        let s = f / (2 + f)
        let square = s * s
        var rest = 0.0
        for coefficient in seriesOfLogarithm { rest = rest * square + coefficient }
        rest *= square
        let k = Double(exponent)
        let half = 0.5 * f * f
        let correction = s * (half + rest) + k * ln2Low
        return k * ln2High - ((half - correction) - f)
    }

    // MARK: Sine and cosine

    /// ±1/(2k + 1)! for k from 8 down to 1; ±1/(2k)! for k from 9 down to 1.
    private static let seriesOfSine = alternating(factorials: stride(from: 17, through: 3, by: -2))
    private static let seriesOfCosine = alternating(
        factorials: stride(from: 18, through: 2, by: -2))

    private static func alternating(factorials: StrideThrough<Int>) -> [Double] {
        factorials.map { n in
            let factorial = (1...n).reduce(1.0) { $0 * Double($1) }
            return (n / 2).isMultiple(of: 2) ? 1 / factorial : -1 / factorial
        }
    }

    /// The sine of an angle of at most π/4.
    private static func smallSine(_ x: Double) -> Double {
        let square = x * x
        var rest = 0.0
        for coefficient in seriesOfSine { rest = rest * square + coefficient }
        return x + x * (square * rest)
    }

    private static func smallCosine(_ x: Double) -> Double {
        let square = x * x
        var rest = 0.0
        for coefficient in seriesOfCosine { rest = rest * square + coefficient }
        return 1 + square * rest
    }

    private static let halfPi = 0x1.921fb54442d18p0

    /// sin 2πx: exact where x is a multiple of a quarter.
    static func sineOfTurns(_ turns: Double) -> Double { circular(turns, of: 1, quadrant: 0) }

    static func cosineOfTurns(_ turns: Double) -> Double { circular(turns, of: 1, quadrant: 1) }

    /// sin 2πx/p, p positive: the quotient is not rounded before whole turns are taken away.
    static func sine(_ x: Double, of period: Double) -> Double {
        circular(x, of: period, quadrant: 0)
    }

    static func cosine(_ x: Double, of period: Double) -> Double {
        circular(x, of: period, quadrant: 1)
    }

    /// The nearest quarter decides which series is used. Taking whole turns and quarters away is
    /// exact, and goes both ways alike, so that small negative angles lose no digits.
    private static func circular(_ x: Double, of period: Double, quadrant: Int) -> Double {
        let rest = 4 * x.remainder(dividingBy: period)
        let nearest = (rest / period).rounded()
        let angle = (rest - nearest * period) / period * halfPi
        switch (Int(nearest) + quadrant) & 3 {
        case 0: return smallSine(angle)
        case 1: return smallCosine(angle)
        case 2: return -smallSine(angle)
        default: return -smallCosine(angle)
        }
    }

    static func sine(degrees: Double) -> Double { sineOfTurns(degrees / 360) }

    static func cosine(degrees: Double) -> Double { cosineOfTurns(degrees / 360) }

    // MARK: Arc tangent

    /// atan(k/8) for k from 0 to 8.
    private static let arcTangents: [Double] = [
        0x0.0p+0, 0x1.fd5ba9aac2f6ep-4, 0x1.f5b75f92c80ddp-3, 0x1.6f61941e4def1p-2,
        0x1.dac670561bb4fp-2, 0x1.1e00babdefeb4p-1, 0x1.4978fa3269ee1p-1, 0x1.700a7c5784634p-1,
        0x1.921fb54442d18p-1,
    ]

    /// ±1/(2k + 1) for k from 6 down to 1.
    private static let seriesOfArcTangent: [Double] = (1...6).reversed().map {
        ($0.isMultiple(of: 2) ? 1 : -1) / Double(2 * $0 + 1)
    }

    /// The angle, from 0 to π/2, whose tangent is y/x; both are positive or zero, not both zero.
    static func arcTangent(_ y: Double, _ x: Double) -> Double {
        if y > x { return 0x1.921fb54442d18p0 - arcTangent(x, y) }
        let ratio = y / x
        let step = (ratio * 8).rounded()
        let base = step / 8
        let rest = (ratio - base) / (1 + ratio * base)
        let square = rest * rest
        var series = 0.0
        for coefficient in seriesOfArcTangent { series = series * square + coefficient }
        return arcTangents[Int(step)] + (rest + rest * (square * series))
    }
}

/// Distances on a sphere with the mean radius of the Earth (IUGG R₁), by the haversine formula.
package enum GreatCircle {
    static let radius = 6_371.0088

    package static func kilometres(_ a: Coordinates, _ b: Coordinates) -> Double {
        let (north, south) = (Double(a.latitude) / 1e7, Double(b.latitude) / 1e7)
        let rise = Double(Int64(a.latitude) - Int64(b.latitude)) / 1e7
        let run = Double(Int64(a.longitude) - Int64(b.longitude)) / 1e7
        let up = ElementaryFunctions.sine(degrees: rise / 2)
        let across = ElementaryFunctions.sine(degrees: run / 2)
        let cosines =
            ElementaryFunctions.cosine(degrees: north) * ElementaryFunctions.cosine(degrees: south)
        let haversine = min(1, up * up + cosines * (across * across))
        return 2 * radius
            * ElementaryFunctions.arcTangent(
                haversine.squareRoot(), (1 - haversine).squareRoot())
    }
}
