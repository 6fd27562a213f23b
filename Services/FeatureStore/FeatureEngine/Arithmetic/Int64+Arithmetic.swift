extension Int64 {
    /// Adds, stopping at the limit; false if it had to stop (R12).
    @inline(__always)
    mutating func add(_ other: Int64) -> Bool {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? (other > 0 ? .max : .min) : sum
        return !overflow
    }

    /// `self / divisor`, rounded towards minus infinity; `divisor` is positive.
    @inline(__always)
    func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
