/// The shape of an IEEE 754 number, and rounding into it.
struct BinaryFormat {
    /// Bits of a significand, with the leading one that the encoding leaves out.
    let precision: Int
    /// Weight of the last bit of a subnormal number.
    let leastExponent: Int
    let infinity: UInt64
    let signBit: UInt64
    /// A decimal of more than this power of ten is infinite, of less than the other zero.
    let largestPowerOfTen: Int
    let leastPowerOfTen: Int

    static let float32 = BinaryFormat(
        precision: 24, leastExponent: -149, infinity: 0x7F80_0000, signBit: 1 << 31,
        largestPowerOfTen: 38, leastPowerOfTen: -46)
    static let float64 = BinaryFormat(
        precision: 53, leastExponent: -1_074, infinity: 0x7FF0_0000_0000_0000, signBit: 1 << 63,
        largestPowerOfTen: 308, leastPowerOfTen: -324)

    /// Bits of the number nearest to `(value + something below 1 if sticky) · 2^exponent`, ties to
    /// even.
    func nearest(_ value: UInt128, sticky: Bool, exponent: Int) -> UInt64 {
        guard value != 0 else { return 0 }
        let last = lastExponent(value, exponent)
        let drop = last - exponent
        guard drop > 0 else { return encoded(value << UInt128(-drop), last) }
        guard drop <= 128 else { return 0 }
        var kept = drop == 128 ? 0 : value >> UInt128(drop)
        let half = UInt128(1) << UInt128(drop - 1)
        let rest = value & (half | (half - 1))
        if rest > half || (rest == half && (sticky || kept & 1 == 1)) { kept += 1 }
        return encoded(kept, last)
    }

    /// Bits of the largest number that is not above `value · 2^exponent`.
    func truncated(_ value: UInt128, exponent: Int) -> UInt64 {
        guard value != 0 else { return 0 }
        let last = lastExponent(value, exponent)
        let drop = last - exponent
        guard drop > 0 else { return encoded(value << UInt128(-drop), last) }
        return encoded(drop < 128 ? value >> UInt128(drop) : 0, last)
    }

    /// The significand of a finite number as a whole number.
    func significand(of bits: UInt64) -> UInt64 {
        let fraction = bits & (1 << UInt64(precision - 1) - 1)
        return bits >> UInt64(precision - 1) == 0 ? fraction : fraction | 1 << UInt64(precision - 1)
    }

    /// Weight of the last bit of a finite number.
    func exponent(of bits: UInt64) -> Int {
        max(Int(bits >> UInt64(precision - 1)), 1) - 1 + leastExponent
    }

    /// Weight of the last bit that is kept: fewer than `precision` bits for subnormal numbers.
    private func lastExponent(_ value: UInt128, _ exponent: Int) -> Int {
        max(exponent + (128 - value.leadingZeroBitCount) - precision, leastExponent)
    }

    /// The leading bit of `kept` carries into the exponent field, also when it was rounded up.
    private func encoded(_ kept: UInt128, _ last: Int) -> UInt64 {
        let bits = UInt64(last - leastExponent) << UInt64(precision - 1) + UInt64(kept)
        return min(bits, infinity)
    }
}
