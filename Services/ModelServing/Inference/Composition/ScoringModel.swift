/// What a row is worth.
public struct Scored: Sendable, Hashable {
    /// Before the link; of an isolation forest minus its decision, above 0 for an anomaly.
    public var margin: [Double]
    public var probability: [Double]
    /// An optional member of an ensemble was missing.
    public var degraded: Bool

    public init(margin: [Double], probability: [Double], degraded: Bool = false) {
        self.margin = margin
        self.probability = probability
        self.degraded = degraded
    }
}

/// A model that answers: one of its own, or several together.
public enum ScoringModel: Sendable {
    case single(CompiledModel)
    case ensemble(EnsembleModel)

    public var inputCount: Int {
        switch self {
        case .single(let model): model.inputCount
        case .ensemble(let ensemble): ensemble.file.inputs.count
        }
    }

    public var inputNames: [String] {
        switch self {
        case .single(let model): model.model.inputNames
        case .ensemble(let ensemble): ensemble.file.inputs
        }
    }

    /// Ensembles within ensembles: 0 for a single model.
    var depth: Int {
        switch self {
        case .single: 0
        case .ensemble(let ensemble): ensemble.depth
        }
    }

    /// The place of the adverse event among the probabilities: the only one, or the second of two;
    /// nil where there are more.
    public var positive: Int? {
        switch self {
        case .ensemble: return 0
        case .single(let model):
            return (1...2).contains(model.probabilityCount) ? model.probabilityCount - 1 : nil
        }
    }

    /// Scores one row, one value per input, NaN for missing.
    public func score(_ row: [Double]) -> Scored {
        switch self {
        case .ensemble(let ensemble): return ensemble.score(row)
        case .single(let model):
            let probability = model.probabilities(row)
            guard case .isolation(_, let parameters) = model.model.body else {
                return Scored(margin: model.margins(row), probability: probability)
            }
            let decision = parameters.outputs(score: probability[0]).decision
            return Scored(margin: [-decision], probability: probability)
        }
    }
}
