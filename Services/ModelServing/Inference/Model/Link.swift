/// What turns margins into what a model promises, each with the arithmetic of its library.
///
/// The operations of a library stand in an extension file named after it.
public enum Link: Sendable, Hashable {
    case identity
    /// The file does not say what becomes of its margins, so they are passed on as they are.
    case unknown

    // XGBoost, in float32
    case xgboostLogistic
    case xgboostExponential
    case xgboostSoftmax
    case hinge
    /// The margins in ascending order: quantiles that do not cross.
    case ascending
    /// The first margin, and what each of the others adds to the one before: expectiles.
    case risingExpectiles

    // LightGBM, in float64
    /// `sign(x) * x * x`: regression on the square root.
    case squareKeepingSign
    /// Of one margin, or of each class on its own (one against all).
    case lightgbmLogistic(sigmoid: Double)
    case lightgbmSoftmax
    case lightgbmExponential
    /// `ln(1 + e^x)`.
    case crossEntropyLambda

    // CatBoost, in float64
    /// Shares of the negative and of the positive class.
    case catboostLogistic
    case catboostSoftmax
    case catboostOneVersusAll
    case catboostExponential

    // Assay's own formats, in float64
    case logistic
    case softmax
    case exponential
    /// From a sum of path lengths to the anomaly score 2^(-sum / divisor).
    case isolation(divisor: Double)
    /// From points to the probability of the adverse event.
    case scorecard(Scorecard.Odds)

    /// How many values the link makes of `margins` margins.
    public func valueCount(margins: Int) -> Int {
        self == .catboostLogistic ? 2 : margins
    }

    /// Maps margins to predictions; `values` has `valueCount(margins:)` places and may be the same
    /// memory if that is as many.
    public func apply(
        _ margins: UnsafeBufferPointer<Double>, into values: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(values.count == valueCount(margins: margins.count))
        switch self {
        case .identity, .unknown:
            for index in margins.indices { values[index] = margins[index] }
        case .ascending:
            for (index, margin) in margins.sorted().enumerated() { values[index] = margin }

        // XGBoost
        case .xgboostLogistic, .xgboostExponential, .xgboostSoftmax, .hinge, .risingExpectiles:
            applySingle(margins, into: values)

        // LightGBM
        case .squareKeepingSign:
            for index in margins.indices {
                let margin = margins[index]
                values[index] = margin < 0 ? -(margin * margin) : margin * margin
            }
        case .lightgbmLogistic(let sigmoid):
            Self.lightgbmLogistic(margins, sigmoid: sigmoid, into: values)
        case .lightgbmSoftmax: Self.lightgbmSoftmax(margins, into: values)
        case .lightgbmExponential: Self.lightgbmExponential(margins, into: values)
        case .crossEntropyLambda: Self.crossEntropyLambda(margins, into: values)

        // CatBoost
        case .catboostLogistic, .catboostSoftmax, .catboostOneVersusAll, .catboostExponential:
            applyCatBoost(margins, into: values)

        // Assay's own
        case .logistic, .softmax, .exponential, .isolation, .scorecard:
            applyOwn(margins, into: values)
        }
    }
}
