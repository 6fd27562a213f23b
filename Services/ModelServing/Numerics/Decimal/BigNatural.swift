/// A whole number of any length, with the few operations that exact decimal conversion needs.
struct BigNatural {
    /// Least significant first; no leading zeros.
    private var limbs: [UInt32] = []

    init(_ value: UInt64) {
        limbs = [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
        dropLeadingZeros()
    }

    init(digits: [UInt8]) {
        for digit in digits { multiply(by: 10, adding: UInt32(digit)) }
    }

    mutating func multiply(powerOfFive power: Int) {
        for _ in 0..<power / 13 { multiply(by: 1_220_703_125, adding: 0) }
        for _ in 0..<power % 13 { multiply(by: 5, adding: 0) }
    }

    mutating func shiftLeft(_ bits: Int) {
        guard !limbs.isEmpty else { return }
        multiply(by: 1 << UInt32(bits % 32), adding: 0)
        limbs.insert(contentsOf: repeatElement(0, count: bits / 32), at: 0)
    }

    /// Divides and drops the remainder.
    mutating func divide(by divisor: UInt32) {
        var remainder: UInt64 = 0
        for index in limbs.indices.reversed() {
            let dividend = remainder << 32 | UInt64(limbs[index])
            limbs[index] = UInt32(truncatingIfNeeded: dividend / UInt64(divisor))
            remainder = dividend % UInt64(divisor)
        }
        dropLeadingZeros()
    }

    /// The most significant 128 bits, and the weight of their last one.
    func leadingBits() -> (top: UInt128, shift: Int) {
        var top: UInt128 = 0
        for limb in limbs.suffix(4).reversed() { top = top << 32 | UInt128(limb) }
        let missing = top.leadingZeroBitCount
        guard limbs.count > 4 else { return (top << UInt128(missing), -missing) }
        top <<= UInt128(missing)
        top |= UInt128(limbs[limbs.count - 5]) >> UInt128(32 - missing)
        return (top, (limbs.count - 4) * 32 - missing)
    }

    func isLess(than other: BigNatural) -> Bool {
        if limbs.count != other.limbs.count { return limbs.count < other.limbs.count }
        for index in limbs.indices.reversed() where limbs[index] != other.limbs[index] {
            return limbs[index] < other.limbs[index]
        }
        return false
    }

    private mutating func multiply(by factor: UInt32, adding addend: UInt32) {
        var carry = UInt64(addend)
        for index in limbs.indices {
            carry += UInt64(limbs[index]) * UInt64(factor)
            limbs[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry != 0 { limbs.append(UInt32(carry)) }
    }

    private mutating func dropLeadingZeros() {
        while limbs.last == 0 { limbs.removeLast() }
    }
}
