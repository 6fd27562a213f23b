/// A sum of integers that stops at the limits of Int64 and remembers that it did (R12).
struct SaturatingSum {
    private(set) var value: Int64 = 0
    private(set) var overflowed = false

    mutating func add(_ other: Int64) {
        if !value.add(other) { overflowed = true }
    }
}

extension Int64 {
    /// Adds, stopping at the limit; false if it had to stop.
    mutating func add(_ other: Int64) -> Bool {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? (other > 0 ? .max : .min) : sum
        return !overflow
    }

    /// `self / divisor`, rounded towards minus infinity; `divisor` is positive.
    func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
