internal import Numerics

// XGBoost's links: every operation rounded to float32, but for the sum of softmax.
extension Link {
    /// Maps `values` from margins to predictions in place.
    public func apply(to values: UnsafeMutableBufferPointer<Float>) {
        switch self {
        case .xgboostLogistic:
            for index in values.indices { values[index] = Self.logistic(values[index]) }
        case .xgboostExponential:
            for index in values.indices { values[index] = ElementaryFunctions.exp(values[index]) }
        case .hinge:
            for index in values.indices { values[index] = values[index] > 0 ? 1 : 0 }
        case .xgboostSoftmax: Self.softmax(values)
        default: break
        }
    }

    func applySingle(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: margins.count) { singles in
            for index in margins.indices { singles[index] = Float(margins[index]) }
            apply(to: singles)
            for index in margins.indices { values[index] = Double(singles[index]) }
        }
    }

    /// `1 / (e^min(-x, 88.7) + 1 + 1e-16)`, each operation rounded to float32.
    static func logistic(_ x: Float) -> Float {
        let exponential = ElementaryFunctions.exp(min(-x, 88.7))
        return 1 / (exponential + 1 + 1e-16)
    }

    /// Shifted by the largest margin; the sum is taken in float64.
    private static func softmax(_ values: UnsafeMutableBufferPointer<Float>) {
        guard let largest = values.max() else { return }
        var sum = 0.0
        for index in values.indices {
            values[index] = ElementaryFunctions.exp(values[index] - largest)
            sum += Double(values[index])
        }
        for index in values.indices { values[index] /= Float(sum) }
    }
}
