/// A whole number of any length, with the few operations that exact decimal conversion needs.
struct BigNatural {
    /// Least significant first; no leading zeros.
    private var limbs: [UInt32] = []

    init(digits: [UInt8]) {
        for digit in digits { multiply(by: 10, adding: UInt32(digit)) }
    }

    var bitWidth: Int {
        guard let top = limbs.last else { return 0 }
        return limbs.count * 32 - top.leadingZeroBitCount
    }

    mutating func multiply(powerOfFive power: Int) {
        for _ in 0..<power { multiply(by: 5, adding: 0) }
    }

    mutating func shiftLeft(_ bits: Int) {
        guard !limbs.isEmpty else { return }
        multiply(by: 1 << UInt32(bits % 32), adding: 0)
        limbs.insert(contentsOf: repeatElement(0, count: bits / 32), at: 0)
    }

    /// The most significant 64 bits, whether anything below them is set, and the weight of their
    /// last bit.
    func leadingBits() -> (top: UInt64, sticky: Bool, shift: Int) {
        let shift = max(bitWidth - 64, 0)
        var top: UInt64 = 0
        for bit in (shift..<max(bitWidth, shift)).reversed() {
            top = top << 1 | (isSet(bit) ? 1 : 0)
        }
        return (top, (0..<shift).contains { isSet($0) }, shift)
    }

    /// Long division, one bit at a time; the quotient must be below 2^quotientBits.
    func divided(by divisor: BigNatural, quotientBits: Int) -> (quotient: UInt64, remains: Bool) {
        var rest = self
        var quotient: UInt64 = 0
        for bit in (0..<quotientBits).reversed() {
            var candidate = divisor
            candidate.shiftLeft(bit)
            quotient <<= 1
            if !rest.isLess(than: candidate) {
                rest.subtract(candidate)
                quotient |= 1
            }
        }
        return (quotient, !rest.limbs.isEmpty)
    }

    private func isSet(_ bit: Int) -> Bool { limbs[bit / 32] >> UInt32(bit % 32) & 1 == 1 }

    private mutating func multiply(by factor: UInt32, adding addend: UInt32) {
        var carry = UInt64(addend)
        for index in limbs.indices {
            carry += UInt64(limbs[index]) * UInt64(factor)
            limbs[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        if carry != 0 { limbs.append(UInt32(carry)) }
    }

    private func isLess(than other: BigNatural) -> Bool {
        if limbs.count != other.limbs.count { return limbs.count < other.limbs.count }
        for index in limbs.indices.reversed() where limbs[index] != other.limbs[index] {
            return limbs[index] < other.limbs[index]
        }
        return false
    }

    /// Takes away a number that is not larger.
    private mutating func subtract(_ other: BigNatural) {
        var borrow: Int64 = 0
        for index in limbs.indices {
            let take = index < other.limbs.count ? Int64(other.limbs[index]) : 0
            let rest = Int64(limbs[index]) - take + borrow
            limbs[index] = UInt32(truncatingIfNeeded: rest)
            borrow = rest >> 32
        }
        while limbs.last == 0 { limbs.removeLast() }
    }
}
