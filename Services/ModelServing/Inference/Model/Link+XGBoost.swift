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
        case .risingExpectiles: Self.addExpectiles(values)
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

    /// Least step between two expectiles.
    private static let leastStep: Float = 1e-6

    private static func addExpectiles(_ values: UnsafeMutableBufferPointer<Float>) {
        for index in values.indices.dropFirst() {
            values[index] = values[index - 1] + (leastStep + softplus(values[index]))
        }
    }

    /// `ln(1 + e^x)`. Float32's own `log1p` of glibc before 2.41 is one unit off at one argument in
    /// fifty; this is the nearest number, as later ones give.
    private static func softplus(_ x: Float) -> Float {
        let rest = ElementaryFunctions.exp(x > 0 ? -x : x)
        let logarithm = Float(ElementaryFunctions.log1p(Double(rest)))
        return x > 0 ? x + logarithm : logarithm
    }

    /// From expectiles to the margins that the link makes them of again.
    static func expectileMargins(_ expectiles: [Float]) -> [Float] {
        expectiles.indices.map { index in
            guard index > 0 else { return expectiles[0] }
            let step = max(expectiles[index] - expectiles[index - 1] - leastStep, leastStep)
            // 1 - e^-step, whose leading digits cancel for a small step.
            let x = Double(step)
            let share =
                x < 0x1p-6
                ? x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6)))))
                : 1 - ElementaryFunctions.exp(-x)
            return step + ElementaryFunctions.log(Float(share))
        }
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
