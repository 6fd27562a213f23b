/// Natural logarithms in units of 1/1024, from integers alone, so that every machine agrees (R8).
public enum Logarithm {
    /// round(2³² · ln 2)
    private static let ln2: UInt64 = 2_977_044_472

    /// round(2³² · ln(1 + i/1024)) for i in 0 ..< 1024.
    public static let table: [UInt64] = (0..<1024).map { logarithm(ofOnePlus: UInt64($0)) }

    /// ln1024(x): 0 for x ≤ 1, else ln(x) · 1024 with an error under 1.5.
    public static func ln1024(_ x: Int64) -> Int64 {
        guard x > 1 else { return 0 }
        let exponent = 63 - x.leadingZeroBitCount
        let bits = UInt64(x)
        let mantissa = exponent >= 10 ? bits >> (exponent - 10) : bits << (10 - exponent)
        let scaled = UInt64(exponent) * ln2 + table[Int(mantissa & 1023)]
        return Int64((scaled + 1 << 21) >> 22)
    }

    /// The class of a number among classes that are four for each factor e: 0 up to 1, then
    /// 1 + ln1024(x) / 256.
    public static func magnitude(_ x: Int64) -> Int64 { x > 1 ? 1 + ln1024(x) >> 8 : 0 }

    /// ln(1 + i/1024) = 2·atanh(z) with z = i / (2048 + i) ≤ 1/3, summed in 2⁻⁶² steps: the error
    /// stays under 2⁻⁵⁰, far below the rounding to 2⁻³².
    private static func logarithm(ofOnePlus i: UInt64) -> UInt64 {
        let one: UInt64 = 1 << 62
        let z = one.multipliedFullWidth(by: i)
        let ratio = (2048 + i).dividingFullWidth(z).quotient
        let square = product(ratio, ratio)
        var power = ratio
        var sum: UInt64 = 0
        var divisor: UInt64 = 1
        while power > 0 {
            sum += power / divisor
            power = product(power, square)
            divisor += 2
        }
        // 2 · sum · 2³² / 2⁶², rounded.
        return (sum + 1 << 28) >> 29
    }

    /// a · b for numbers in units of 2⁻⁶².
    private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high << 2 | low >> 62
    }
}
