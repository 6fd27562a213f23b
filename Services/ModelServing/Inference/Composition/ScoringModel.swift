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

    public var marginCount: Int {
        switch self {
        case .single(let model): model.marginCount
        case .ensemble: 1
        }
    }

    public var probabilityCount: Int {
        switch self {
        case .single(let model): model.probabilityCount
        case .ensemble: 1
        }
    }

    /// Whether an optional member is missing, of an ensemble or of one within it.
    public var isDegraded: Bool {
        guard case .ensemble(let ensemble) = self else { return false }
        return ensemble.members.contains { $0?.isDegraded ?? true }
    }

    /// Memory that the model holds, its members included.
    public var byteCount: Int {
        switch self {
        case .single(let model): model.byteCount
        case .ensemble(let ensemble):
            ensemble.members.reduce(0) { $0 + ($1?.byteCount ?? 0) }
        }
    }

    /// Scores one row, one value per input, NaN for missing, without an allocation.
    ///
    /// - Parameter options: an ensemble takes none.
    /// - Returns: whether an optional member of an ensemble was missing.
    public func score(
        _ row: UnsafeBufferPointer<Double>, _ options: RowOptions, _ scratch: ScoringScratch,
        margins: UnsafeMutableBufferPointer<Double>,
        probabilities: UnsafeMutableBufferPointer<Double>
    ) -> Bool {
        precondition(margins.count == marginCount && probabilities.count == probabilityCount)
        switch self {
        case .ensemble(let ensemble):
            let scored = ensemble.score(row, scratch)
            margins[0] = scored.margin
            probabilities[0] = scored.probability
            return scored.degraded
        case .single(let model):
            model.margins(row, options, scratch.scratch(for: model), into: margins)
            finish(model, options, margins, probabilities)
            return false
        }
    }

    /// Scores `count` rows that lie side by side; so do their margins and probabilities.
    public func score(
        rows: UnsafeBufferPointer<Double>, count: Int, _ options: RowOptions,
        _ scratch: ScoringScratch, margins: UnsafeMutableBufferPointer<Double>,
        probabilities: UnsafeMutableBufferPointer<Double>
    ) {
        let (width, outputs, answers) = (inputCount, marginCount, probabilityCount)
        precondition(rows.count == count * width)
        precondition(margins.count == count * outputs && probabilities.count == count * answers)
        var single: CompiledModel?
        if case .single(let model) = self {
            single = model
            model.margins(
                rows: rows, count: count, stride: width, options,
                scratch.scratch(for: model), into: margins)
        }
        for row in 0..<count {
            let margin = UnsafeMutableBufferPointer(
                rebasing: margins[row * outputs..<(row + 1) * outputs])
            let probability = UnsafeMutableBufferPointer(
                rebasing: probabilities[row * answers..<(row + 1) * answers])
            if let single {
                finish(single, options, margin, probability)
            } else {
                let values = UnsafeBufferPointer(rebasing: rows[row * width..<(row + 1) * width])
                _ = score(values, options, scratch, margins: margin, probabilities: probability)
            }
        }
    }

    /// What follows a single model's margins.
    private func finish(
        _ model: CompiledModel, _ options: RowOptions,
        _ margins: UnsafeMutableBufferPointer<Double>,
        _ probabilities: UnsafeMutableBufferPointer<Double>
    ) {
        model.probabilities(
            fromMargins: UnsafeBufferPointer(margins), options, into: probabilities)
        if case .isolation(_, let parameters) = model.model.body {
            margins[0] = -parameters.outputs(score: probabilities[0]).decision
        }
    }

    /// Scores one row with memory of its own, for tools and tests.
    public func score(_ row: [Double], _ options: RowOptions = .whole) -> Scored {
        var scored = Scored(
            margin: [Double](repeating: 0, count: marginCount),
            probability: [Double](repeating: 0, count: probabilityCount))
        row.withUnsafeBufferPointer { row in
            scored.margin.withUnsafeMutableBufferPointer { margins in
                scored.probability.withUnsafeMutableBufferPointer { probabilities in
                    scored.degraded = score(
                        row, options, ScoringScratch(), margins: margins,
                        probabilities: probabilities)
                }
            }
        }
        return scored
    }
}
