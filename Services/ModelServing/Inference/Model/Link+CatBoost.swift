internal import Numerics

// CatBoost's links, in float64: those of several classes with its own exponential.
extension Link {
    func applyCatBoost(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        switch self {
        case .catboostLogistic:
            let positive = Self.sigmoid(margins[0])
            values[0] = 1 - positive
            values[1] = positive
        case .catboostOneVersusAll:
            for index in margins.indices { values[index] = Self.sigmoid(margins[index]) }
        case .catboostExponential:
            for index in margins.indices {
                values[index] = CatBoostExponential.exp(margins[index])
            }
        case .catboostSoftmax:
            Self.softmax(margins, into: values, exponential: CatBoostExponential.exp)
        default: break
        }
    }
}
