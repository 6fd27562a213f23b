/// log x in float64 by the table-driven algorithm of Arm's Optimized Routines (Szabolcs Nagy, MIT
/// licence), which glibc uses too, without fused multiply-add: the same bits on every machine.
///
/// x = 2^k·z, log x = k·ln2 + log c + log(z/c) for the point c of a table next to z. At most 0.52
/// units in the last place off.
enum Logarithm {
    static func natural(_ x: Double) -> Double {
        if x >= 0.9375 && x < 1.064697265625 { return x == 1 ? 0 : nearOne(x) }
        if x.isNaN || x == .infinity { return x }
        if x == 0 { return -.infinity }
        if x < 0 { return .nan }
        var bits = x.bitPattern
        if x < .leastNormalMagnitude { bits = (x * 0x1p52).bitPattern &- 52 << 52 }
        let offset = bits &- 0x3fe6_0000_0000_0000
        let index = Int(offset >> 45 & 127)
        let k = Double(Int64(bitPattern: offset) >> 52)
        let z = Double(bitPattern: bits &- (offset & 0xfff << 52))
        let point = points[index]
        let r = (z - point.high - point.low) * table[index].inverse

        let base = k * ln2High + table[index].logarithm
        let high = base + r
        let low = base - high + r + k * ln2Low
        let square = r * r
        let cube = r * square
        return low + square * a0 + cube * (a1 + r * a2 + square * (a3 + r * a4)) + high
    }

    /// A longer polynomial, whose first two terms are added with extra bits.
    private static func nearOne(_ x: Double) -> Double {
        let r = x - 1
        let square = r * r
        let cube = r * square
        let top = b7 + r * b8 + square * b9 + cube * b10
        let middle = b4 + r * b5 + square * b6 + cube * top
        let rest = cube * (b1 + r * b2 + square * b3 + cube * middle)

        let split = r * 0x1p27
        let upper = r + split - split
        let lower = r - upper
        let half = upper * upper * -0.5
        let high = r + half
        let low = r - high + half + -0.5 * lower * (upper + r)
        return rest + low + high
    }

    private static let (ln2High, ln2Low) = (0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45)
    private static let (a0, a1, a2) = (
        -0x1.0000000000001p-1, 0x1.555555551305bp-2, -0x1.fffffffeb459p-3
    )
    private static let (a3, a4) = (0x1.999b324f10111p-3, -0x1.55575e506c89fp-3)
    private static let (b1, b2) = (0x1.5555555555577p-2, -0x1.ffffffffffdcbp-3)
    private static let (b3, b4) = (0x1.999999995dd0cp-3, -0x1.55555556745a7p-3)
    private static let (b5, b6) = (0x1.24924a344de3p-3, -0x1.fffffa4423d65p-4)
    private static let (b7, b8) = (0x1.c7184282ad6cap-4, -0x1.999eb43b068ffp-4)
    private static let (b9, b10) = (0x1.78182f7afd085p-4, -0x1.5521375d145cdp-4)
}
