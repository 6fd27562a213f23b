internal import Numerics

/// A step after the link that turns a model's probability into an observed frequency.
public enum Calibration: Sendable, Hashable {
    /// 1 / (1 + e^(slope·f + intercept)) of the log-odds f (Platt 1999; his slope is negative).
    case platt(slope: Double, intercept: Double)
    /// Odds of e^c · p^a / (1 - p)^b (Kull, Silva Filho and Flach 2017).
    case beta(a: Double, b: Double, c: Double)
    case isotonic(IsotonicCurve)

    /// - Parameter probability: from 0 to 1; NaN stays NaN.
    public func callAsFunction(_ probability: Double) -> Double {
        switch self {
        case .isotonic(let curve): return curve(probability)
        case .platt(let slope, let intercept):
            let (log, complement) = Self.logarithms(probability)
            return 1 / (1 + ElementaryFunctions.exp(slope * (log - complement) + intercept))
        case .beta(let a, let b, let c):
            let (log, complement) = Self.logarithms(probability)
            return 1 / (1 + ElementaryFunctions.exp(-(a * log - b * complement + c)))
        }
    }

    /// Of p and of 1 - p, kept away from the ends, where they are infinite.
    private static func logarithms(_ probability: Double) -> (Double, Double) {
        if probability.isNaN { return (.nan, .nan) }
        let p = min(max(probability, 1e-15), 1 - 1e-15)
        return (ElementaryFunctions.log(p), ElementaryFunctions.log1p(-p))
    }
}

/// A rising curve through points, linear between them and level beyond them.
public struct IsotonicCurve: Sendable, Hashable {
    public let inputs: [Double]
    public let outputs: [Double]

    /// Nil unless there are as many outputs as inputs, all finite, the inputs rise and the outputs
    /// do not fall.
    public init?(inputs: [Double], outputs: [Double]) {
        guard !inputs.isEmpty, inputs.count == outputs.count,
            (inputs + outputs).allSatisfy(\.isFinite),
            zip(inputs, inputs.dropFirst()).allSatisfy(<),
            zip(outputs, outputs.dropFirst()).allSatisfy(<=)
        else { return nil }
        self.inputs = inputs
        self.outputs = outputs
    }

    func callAsFunction(_ x: Double) -> Double {
        if x.isNaN { return x }
        // The first point at or above x.
        var (low, high) = (0, inputs.count)
        while low < high {
            let middle = (low + high) / 2
            if inputs[middle] < x { low = middle + 1 } else { high = middle }
        }
        if low == inputs.count { return outputs[low - 1] }
        if low == 0 || inputs[low] == x { return outputs[low] }
        let share = (x - inputs[low - 1]) / (inputs[low] - inputs[low - 1])
        return outputs[low - 1] + share * (outputs[low] - outputs[low - 1])
    }
}
