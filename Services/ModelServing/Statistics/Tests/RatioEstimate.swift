/// A ratio of two means over the same units, such as loss per amount, by the delta method.
public struct RatioEstimate: Sendable, Equatable {
    /// Mean numerator / mean denominator.
    public let value: Double
    /// (s_y² − 2R·s_xy + R²·s_x²) / (n·x̄²): the square of its standard error.
    public let squaredError: Double

    /// Nil for fewer than two units, or a mean denominator of 0.
    public init?(numerators: [Double], denominators: [Double]) {
        precondition(numerators.count == denominators.count, "a denominator for each numerator")
        guard numerators.count > 1,
            let linear = RatioEstimate.linearised(
                numerators: numerators, denominators: denominators)
        else { return nil }
        value = linear.ratio
        squaredError = Sample(of: linear.values).squaredError
    }

    /// The values R + (y − R·x)/x̄, one per unit: their mean is the ratio, and their variance / n its
    /// squared error, so that whatever works on means works on ratios too.
    static func linearised(numerators: [Double], denominators: [Double]) -> (
        ratio: Double, values: [Double]
    )? {
        let total = ExactSum.of(denominators)
        let ratio = ExactSum.of(numerators) / total
        let mean = total / Double(denominators.count)
        if total == 0 || !ratio.isFinite { return nil }
        return (ratio, zip(numerators, denominators).map { ratio + ($0 - ratio * $1) / mean })
    }
}
