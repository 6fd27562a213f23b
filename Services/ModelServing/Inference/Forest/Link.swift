internal import Numerics

/// What turns margins into what a model promises, in float32 as XGBoost does it.
public enum Link: String, Sendable, Hashable {
    case identity, logistic, exponential, hinge, softmax

    /// Maps `values` from margins to predictions in place.
    public func apply(to values: UnsafeMutableBufferPointer<Float>) {
        switch self {
        case .identity: break
        case .logistic:
            for index in values.indices { values[index] = Self.logistic(values[index]) }
        case .exponential:
            for index in values.indices {
                values[index] = ElementaryFunctions.exp(values[index])
            }
        case .hinge:
            for index in values.indices { values[index] = values[index] > 0 ? 1 : 0 }
        case .softmax: Self.softmax(values)
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
