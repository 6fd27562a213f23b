internal import Numerics

// The links of Assay's own formats, in float64.
extension Link {
    func applyOwn(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        switch self {
        case .logistic:
            for index in margins.indices { values[index] = Self.sigmoid(margins[index]) }
        case .exponential:
            for index in margins.indices {
                values[index] = ElementaryFunctions.exp(margins[index])
            }
        case .softmax:
            Self.softmax(margins, into: values, exponential: ElementaryFunctions.exp)
        case .isolation(let divisor):
            // A forest of single rows has no path to compare with: scikit-learn answers 1/2.
            let exponent = divisor == 0 ? -1 : -margins[0] / divisor
            values[0] = ElementaryFunctions.exp2(exponent)
        case .scorecard(let odds):
            for index in margins.indices { values[index] = odds.adverse(points: margins[index]) }
        default: break
        }
    }

    /// `1 / (1 + e^-x)`.
    @inline(__always)
    static func sigmoid(_ x: Double) -> Double { 1 / (1 + ElementaryFunctions.exp(-x)) }

    /// Shifted by the largest margin, summed in order, divided by the sum.
    static func softmax(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>,
        exponential: (Double) -> Double
    ) {
        guard let largest = margins.max() else { return }
        var sum = 0.0
        for index in margins.indices {
            values[index] = exponential(margins[index] - largest)
            sum += values[index]
        }
        for index in margins.indices { values[index] /= sum }
    }
}
