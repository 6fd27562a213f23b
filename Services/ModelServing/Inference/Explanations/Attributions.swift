/// What each input of one row added to one output; `base`, `values` and `rounding` add up to what
/// the model answered.
public struct Attributions: Sendable, Hashable {
    public enum Method: String, Sendable, Hashable, CaseIterable {
        case treeShap = "tree_shap"
        case linear
        case scorecard
        case coalitions
        case permutations
        case kernelShap = "kernel_shap"
        case lime
        case ensemble
    }

    public enum Exactness: Sendable, Hashable {
        /// The method's own definition, up to float64.
        case exact
        /// An estimate from random draws; the same seed gives the same bits.
        case sampled(seed: UInt64)
        /// Exact parts, stretched over a step that is not a sum: they add up, their shares are a
        /// convention.
        case rescaled
    }

    public enum Space: String, Sendable, Hashable {
        case margin, probability
    }

    /// The output when nothing is known of the row.
    public var base: Double
    /// One per input.
    public var values: [Double]
    /// What a sum in float32 lost against the sum in float64; for LIME, what the local model missed.
    public var rounding: Double
    public var method: Method
    public var exactness: Exactness
    public var space: Space
    /// A lower output means more of the positive class: path lengths of an isolation forest, points
    /// of a scorecard.
    public var fallsWithRisk: Bool
    /// LIME's weighted R² of the local model; nil for all others.
    public var localFit: Double?

    public init(
        base: Double, values: [Double], rounding: Double = 0, method: Method,
        exactness: Exactness, space: Space, fallsWithRisk: Bool = false, localFit: Double? = nil
    ) {
        self.base = base
        self.values = values
        self.rounding = rounding
        self.method = method
        self.exactness = exactness
        self.space = space
        self.fallsWithRisk = fallsWithRisk
        self.localFit = localFit
    }
}

/// Why a row has no explanation.
public enum ExplanationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The input is missing, and the model answers no row without it.
    case missingInput(Int)
    /// The output is not a finite number for this row, or for one that the explainer made of it.
    case notFinite
    /// The parts miss the output by this much, which no sound model shows.
    case notAdditive(difference: Double)
    /// The equations of the sampled coalitions have no single answer.
    case undetermined

    public var description: String {
        switch self {
        case .missingInput(let input):
            "input \(input) is missing, and the model answers no row without it"
        case .notFinite: "the model's answer is not a finite number"
        case .notAdditive(let difference): "the parts miss the output by \(difference)"
        case .undetermined: "too few coalitions were drawn to tell the inputs apart"
        }
    }
}
