/// Points that each input lost or won against the reference that the scorecard declares: the most
/// that its attribute can give, or its neutral points.
public struct ScorecardExplainer: Explainer {
    private let scorecard: Scorecard
    private let inputCount: Int

    /// Nil for a linear model without a scorecard.
    public init?(_ model: LinearModel) {
        guard let scorecard = model.scorecard else { return nil }
        self.scorecard = scorecard
        inputCount = model.inputCount
    }

    public var method: Attributions.Method { .scorecard }

    public func makeScratch() -> ExplainScratch { ExplainScratch() }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        precondition(row.count == inputCount && output == 0)
        var base = options.offset?[0] ?? 0
        var values = [Double](repeating: 0, count: inputCount)
        for attribute in scorecard.attributes {
            let points = attribute.points(row[attribute.input])
            if points.isNaN { throw .missingInput(attribute.input) }
            let reference = scorecard.reference(of: attribute)
            base += reference
            values[attribute.input] += points - reference
        }
        let total = scorecard.points(row) + (options.offset?[0] ?? 0)
        guard total.isFinite, base.isFinite else { throw .notFinite }
        return Attributions(
            base: base, values: values, rounding: total - values.reduce(base, +),
            method: .scorecard, exactness: .exact, space: .margin, fallsWithRisk: true)
    }
}
