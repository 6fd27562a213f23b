/// Sums of products, one per output, in the order of the inputs.
public struct LinearModel: Sendable {
    /// `.xgboost`: in float32, from bias + base margin on. `.linear`: in float64 over standardised
    /// inputs, the intercept last.
    public var profile: NumericProfile
    /// What a missing input is taken for; nil where it may not be missing.
    public var impute: [Double?]
    public var mean: [Double]
    public var scale: [Double]
    /// Per output, one weight per input.
    public var weights: [[Double]]
    /// Per output; XGBoost's bias.
    public var intercept: [Double]
    /// Per output: XGBoost's base margin.
    public var base: [Double]
    /// The margin is its point total instead of the sum of products.
    public var scorecard: Scorecard?

    public var inputCount: Int { impute.count }
    public var outputCount: Int { scorecard == nil ? weights.count : 1 }

    public init(
        profile: NumericProfile, impute: [Double?], mean: [Double], scale: [Double],
        weights: [[Double]], intercept: [Double], base: [Double] = [],
        scorecard: Scorecard? = nil
    ) {
        self.profile = profile
        self.impute = impute
        self.mean = mean
        self.scale = scale
        self.weights = weights
        self.intercept = intercept
        self.base = base.isEmpty ? [Double](repeating: 0, count: weights.count) : base
        self.scorecard = scorecard
    }

    /// Margins of one row; NaN if an input is missing that may not be.
    ///
    /// - Parameter offset: replaces XGBoost's base margin, is added last elsewhere.
    public func margins(
        _ row: UnsafeBufferPointer<Double>, offset: [Double]? = nil,
        into margins: UnsafeMutableBufferPointer<Double>
    ) {
        if let scorecard {
            margins[0] = scorecard.points(row) + (offset?[0] ?? 0)
            return
        }
        for output in weights.indices {
            margins[output] =
                profile == .xgboost
                ? singleMargin(row, output, base: offset?[output] ?? base[output])
                : margin(row, output) + (offset?[output] ?? 0)
        }
    }

    @inline(__always)
    private func value(_ row: UnsafeBufferPointer<Double>, _ input: Int) -> Double {
        row[input].isNaN ? impute[input] ?? .nan : row[input]
    }

    private func margin(_ row: UnsafeBufferPointer<Double>, _ output: Int) -> Double {
        var sum = 0.0
        for input in impute.indices {
            let standardised = (value(row, input) - mean[input]) / scale[input]
            sum += weights[output][input] * standardised
        }
        return sum + intercept[output]
    }

    private func singleMargin(
        _ row: UnsafeBufferPointer<Double>, _ output: Int, base: Double
    ) -> Double {
        var sum = Float(intercept[output]) + Float(base)
        for input in impute.indices {
            sum += Float(value(row, input)) * Float(weights[output][input])
        }
        return Double(sum)
    }
}
