/// The arithmetic of the library that trained a model: widths, comparison, order and start of the
/// sum. Equal bits need all of them.
public enum NumericProfile: String, Sendable, Hashable, CaseIterable {
    /// Inputs, thresholds, leaves and sum in float32; the base margin comes first.
    case xgboost
    /// All in float64; an input no larger than 1.0000000180025095e-35 is zero.
    case lightgbm
    /// Inputs and borders in float32, the sum in float64, then `scale * sum + bias`.
    case catboost
    /// Inputs in float32, thresholds and sum in float64, then the mean over the trees.
    case forest
    /// Sums of products in float64, in input order.
    case linear

    /// Whether a row's values are rounded to float32 before anything else.
    public var takesSinglePrecision: Bool {
        switch self {
        case .xgboost, .catboost, .forest: true
        case .lightgbm, .linear: false
        }
    }

    /// LightGBM's kZeroThreshold: what is not above it in magnitude is dropped when a dense row is
    /// copied, and so is zero.
    static let lightgbmZero = 1.0000000180025095e-35

    /// The value as the library's own decision sees it.
    @inline(__always)
    func prepared(_ value: Double) -> Double {
        switch self {
        case .xgboost, .catboost, .forest: Double(Float(value))
        case .lightgbm: abs(value) <= Self.lightgbmZero ? 0 : value
        case .linear: value
        }
    }
}
