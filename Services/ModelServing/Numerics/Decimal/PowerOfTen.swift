/// 10^power as a 128-bit significand, rounded down, and a power of two.
struct PowerOfTen {
    /// Its highest bit is set.
    let significand: UInt128
    let exponent: Int
    /// Whether nothing was rounded away.
    let isExact: Bool

    /// From -342 to 308: what 19 digits need to reach every float64.
    init(_ power: Int) {
        let five = Self.powersOfFive[power - Self.range.lowerBound]
        significand = five.significand
        exponent = five.exponent + power
        // 5^55 is the largest below 2^128.
        isExact = 0...55 ~= power
    }

    /// The product with `factor`, whose highest bit is set, in units of 2^64.
    func times(_ factor: UInt64) -> (high: UInt128, low: UInt64) {
        let (upper, lower) = UInt128(factor).multipliedFullWidth(by: significand)
        return (upper << 64 | UInt128(lower >> 64), UInt64(truncatingIfNeeded: lower))
    }

    private static let range = -342...308

    private static let powersOfFive: [(significand: UInt128, exponent: Int)] = {
        var powers: [(significand: UInt128, exponent: Int)] = []
        // ⌊⌊x/5⌋/5⌋ = ⌊x/25⌋: dividing one long power of two again and again rounds down just once.
        // 5^342 has 795 bits, so 200 bits remain of the last quotient.
        var quotient = BigNatural(1)
        quotient.shiftLeft(995)
        for _ in 0..<(-range.lowerBound) {
            quotient.divide(by: 5)
            let (top, shift) = quotient.leadingBits()
            powers.append((top, shift - 995))
        }
        powers.reverse()
        var product = BigNatural(1)
        for _ in 0...range.upperBound {
            let (top, shift) = product.leadingBits()
            powers.append((top, shift))
            product.multiply(powerOfFive: 1)
        }
        return powers
    }()
}
