/// Shapley values of a linear model: each input's weight times how far it is from the reference
/// mean, which is exact if inputs are drawn one by one.
public struct LinearExplainer: Explainer {
    private let model: LinearModel
    /// Standardised, per input.
    private let reference: [Double]

    /// Nil for a scorecard, which has no weights.
    ///
    /// - Parameter background: rows whose mean is the reference. Nil: the mean that the model's
    ///   scaler subtracts; 0 for XGBoost's linear booster, as in its own contributions.
    public init?(_ model: LinearModel, background: BackgroundRows? = nil) {
        guard model.scorecard == nil else { return nil }
        self.model = model
        reference = (0..<model.inputCount).map { input in
            guard let background, background.inputCount == model.inputCount else { return 0 }
            let values = (0..<background.count).map { row in
                Self.standardised(
                    background[row].dropFirst(input).first ?? .nan, input, model)
            }
            let known = values.filter { !$0.isNaN }
            return known.reduce(0, +) / Double(max(known.count, 1))
        }
    }

    public var method: Attributions.Method { .linear }

    public func makeScratch() -> ExplainScratch { ExplainScratch() }

    private static func standardised(_ value: Double, _ input: Int, _ model: LinearModel) -> Double
    {
        let value = value.isNaN ? model.impute[input] ?? .nan : value
        if model.profile == .xgboost { return Double(Float(value)) }
        return (value - model.mean[input]) / model.scale[input]
    }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        precondition(row.count == model.inputCount && output < model.outputCount)
        var base = model.intercept[output]
        base +=
            model.profile == .xgboost
            ? options.offset?[output] ?? model.base[output] : options.offset?[output] ?? 0
        var values: [Double] = []
        for input in row.indices {
            let weight = model.weights[output][input]
            let value = Self.standardised(row[input], input, model)
            if value.isNaN { throw .missingInput(input) }
            base += weight * reference[input]
            values.append(weight * (value - reference[input]))
        }
        let margin = margin(row, output, options)
        guard margin.isFinite, base.isFinite, values.allSatisfy(\.isFinite) else {
            throw .notFinite
        }
        return Attributions(
            base: base, values: values, rounding: margin - values.reduce(base, +),
            method: .linear, exactness: .exact, space: .margin)
    }

    private func margin(
        _ row: UnsafeBufferPointer<Double>, _ output: Int, _ options: RowOptions
    ) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: model.outputCount) { margins in
            margins.initialize(repeating: 0)
            model.margins(row, offset: options.offset, into: margins)
            return margins[output]
        }
    }
}
