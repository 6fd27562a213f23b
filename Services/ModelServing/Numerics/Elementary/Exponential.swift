/// e^x and 2^x in float64 by the table-driven algorithm of Arm's Optimized Routines (Szabolcs Nagy,
/// MIT licence), which glibc uses too, without fused multiply-add: the same bits on every machine.
///
/// x = k·ln2/128 + r, e^x = 2^(k/128) · e^r; a polynomial gives e^r - 1. At most 0.511 units in the
/// last place off.
enum Exponential {
    static func natural(_ x: Double) -> Double {
        if let value = special(x, overflow: 1_024, underflow: -1_075) { return value }
        let shifted = inverseStep * x + 0x1.8p52
        let k = shifted - 0x1.8p52
        let r = x + k * stepHigh + k * stepLow
        let power = Power(shifted.bitPattern)
        let square = r * r
        let low = power.tail + r + square * (c2 + r * c3)
        return power.scaled(by: low + square * square * (c4 + r * c5), near: x, bound: 512)
    }

    static func binary(_ x: Double) -> Double {
        if let value = special(x, overflow: 1_024, underflow: -1_075) { return value }
        let shifted = x + 0x1.8p45
        let r = x - (shifted - 0x1.8p45)
        let power = Power(shifted.bitPattern)
        let square = r * r
        let low = power.tail + r * b1 + square * (b2 + r * b3)
        return power.scaled(by: low + square * square * (b4 + r * b5), near: x, bound: 928)
    }

    /// What needs no polynomial, or would be spoiled by it.
    private static func special(_ x: Double, overflow: Double, underflow: Double) -> Double? {
        let magnitude = x.magnitude
        if magnitude < 0x1p-54 { return 1 + x }
        if magnitude < 512 { return nil }
        if x.isNaN { return x }
        if x >= overflow { return .infinity }
        return x <= underflow ? 0 : nil
    }

    /// 2^(k/128) as a number, what was rounded off it, and k itself.
    private struct Power {
        let tail: Double
        private let bits: UInt64
        private let isNegative: Bool

        /// From a number whose low bits hold k.
        init(_ k: UInt64) {
            let index = 2 * Int(k % 128)
            tail = Double(bitPattern: table[index])
            bits = table[index + 1] &+ k << 45
            isNegative = k & 0x8000_0000 != 0
        }

        /// 2^(k/128) · (1 + rest); beyond `bound` its exponent may leave the range.
        func scaled(by rest: Double, near x: Double, bound: Double) -> Double {
            guard x.magnitude >= bound else {
                let scale = Double(bitPattern: bits)
                return scale + scale * rest
            }
            guard isNegative else {
                let scale = Double(bitPattern: bits &- 1_009 << 52)
                return 0x1p1009 * (scale + scale * rest)
            }
            let scale = Double(bitPattern: bits &+ 1_022 << 52)
            var y = scale + scale * rest
            if y < 1 {
                // Subnormal: rounded to the bits that stay, so that it is not rounded twice.
                var low = scale - y + scale * rest
                let high = 1 + y
                low = 1 - high + y + low
                y = high + low - 1
                // Never -0.
                if y == 0 { y = 0 }
            }
            return 0x1p-1022 * y
        }
    }

    private static let inverseStep = 0x1.71547652b82fep+7
    private static let (stepHigh, stepLow) = (-0x1.62e42fefap-8, -0x1.cf79abc9e3b3ap-47)
    private static let (c2, c3) = (0x1.ffffffffffdbdp-2, 0x1.555555555543cp-3)
    private static let (c4, c5) = (0x1.55555cf172b91p-5, 0x1.1111167a4d017p-7)
    private static let (b1, b2) = (0x1.62e42fefa39efp-1, 0x1.ebfbdff82c424p-3)
    private static let (b3, b4) = (0x1.c6b08d70cf4b5p-5, 0x1.3b2abd24650ccp-7)
    private static let b5 = 0x1.5d7e09b4e3a84p-10
}
