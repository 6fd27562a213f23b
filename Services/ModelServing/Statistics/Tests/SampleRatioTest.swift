/// Whether the arms have the shares of units that their weights promise (sample ratio mismatch).
///
/// A mismatch says that units got lost or were counted twice on one side: whatever was lost is not a
/// random part, and no difference between the arms means anything.
public struct SampleRatioTest: Sendable, Equatable {
    /// Σ (observed − expected)² / expected over the arms that have a weight.
    public let statistic: Double
    public let degrees: Int
    public let pValue: Double

    /// Below this, in any arm with a weight, the χ² distribution does not hold.
    public static let minimumUnitsPerArm = 8

    /// Nil for fewer than two arms with a weight, or too few units in one of them. Weights are
    /// relative, and not negative.
    public init?(units: [Int], weights: [Int]) {
        precondition(units.count == weights.count, "a weight for each arm")
        let arms = zip(units, weights).filter { $0.1 > 0 }
        if arms.count < 2 { return nil }
        if arms.contains(where: { $0.0 < Self.minimumUnitsPerArm }) { return nil }
        let total = Double(arms.reduce(0) { $0 + $1.0 })
        let weight = Double(arms.reduce(0) { $0 + $1.1 })
        var sum = 0.0
        for (observed, share) in arms {
            let expected = total * Double(share) / weight
            let gap = Double(observed) - expected
            sum += gap * gap / expected
        }
        statistic = sum
        degrees = arms.count - 1
        pValue = ChiSquaredDistribution.upperTail(sum, degrees: degrees)
    }
}
