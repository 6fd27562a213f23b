internal import Numerics

// LightGBM's links, in float64 (its `ConvertOutput`).
extension Link {
    /// `1 / (1 + e^(-sigmoid·x))` of each margin.
    static func lightgbmLogistic(
        _ margins: UnsafeBufferPointer<Double>, sigmoid: Double,
        into values: UnsafeMutableBufferPointer<Double>
    ) {
        for index in margins.indices {
            values[index] = 1 / (1 + ElementaryFunctions.exp(-sigmoid * margins[index]))
        }
    }

    /// Shifted by the largest margin, summed in order.
    static func lightgbmSoftmax(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        guard var largest = margins.first else { return }
        for margin in margins where margin > largest { largest = margin }
        var sum = 0.0
        for index in margins.indices {
            values[index] = ElementaryFunctions.exp(margins[index] - largest)
            sum += values[index]
        }
        for index in margins.indices { values[index] /= sum }
    }

    static func lightgbmExponential(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        for index in margins.indices { values[index] = ElementaryFunctions.exp(margins[index]) }
    }

    /// `ln(1 + e^x)`.
    static func crossEntropyLambda(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        for index in margins.indices {
            values[index] = ElementaryFunctions.log1p(ElementaryFunctions.exp(margins[index]))
        }
    }
}
