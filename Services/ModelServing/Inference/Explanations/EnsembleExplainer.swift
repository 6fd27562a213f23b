/// What each input added to an ensemble's answer, put together from the explanations of its members.
///
/// A mean of margins is a sum of sums, and its parts are exact. Where a member's margin goes through
/// its link first, or the members' values through a stack, each input keeps its share of what moved,
/// stretched to what came of it: the parts add up, and the result is `rescaled`.
public struct EnsembleExplainer: Explainer {
    private let ensemble: EnsembleModel
    private let members: [Member]
    private let stack: LinearExplainer?

    private struct Member: Sendable {
        let model: ScoringModel
        let explainer: any Explainer
        /// The row's place of each of its inputs.
        let places: [Int]
        let weight: Double
        /// Which margin is explained.
        let output: Int
        let positive: Int
    }

    /// Nil for a vote, a maximum and a median, which are no sums, and where a member cannot be
    /// explained by itself.
    public init?(_ ensemble: EnsembleModel) {
        let file = ensemble.file
        switch file.combination {
        case .mean, .weighted: stack = nil
        case .stack:
            guard case .linear(let linear)? = file.stack?.model.body,
                let explainer = LinearExplainer(linear)
            else { return nil }
            stack = explainer
        case .vote, .max, .median: return nil
        }
        var members: [Member] = []
        for (index, model) in ensemble.members.enumerated() {
            guard let model else { continue }
            guard let explainer = Explainers.best(for: model, artifact: []),
                let positive = model.positive, model.isExplainedByOneMargin
            else { return nil }
            members.append(
                Member(
                    model: model, explainer: explainer, places: ensemble.places[index],
                    weight: file.combination == .weighted ? file.members[index].weight : 1,
                    output: model.marginCount - 1, positive: positive))
        }
        self.ensemble = ensemble
        self.members = members
    }

    public var method: Attributions.Method { .ensemble }
    public var byteCount: Int { members.reduce(0) { $0 + $1.explainer.byteCount } }

    public func makeScratch() -> ExplainScratch {
        ExplainScratch(members: members.map { $0.explainer.makeScratch() })
    }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        precondition(row.count == ensemble.file.inputs.count && output == 0)
        precondition(scratch.members.count == members.count)
        var parts: [Part] = []
        for (member, own) in zip(members, scratch.members) {
            parts.append(try part(of: member, row, own))
        }
        var sum = Attributions(
            base: 0, values: [Double](repeating: 0, count: row.count), method: .ensemble,
            exactness: .exact, space: ensemble.file.space == .margin ? .margin : .probability)
        if let stack {
            try add(parts, through: stack, to: &sum)
        } else {
            let weights = members.reduce(0) { $0 + $1.weight }
            for (part, member) in zip(parts, members) {
                let share = member.weight / weights
                sum.base += share * part.base
                for (value, place) in zip(part.values, member.places) {
                    sum.values[place] += share * value
                }
            }
            if !parts.allSatisfy(\.isExact) { sum.exactness = .rescaled }
            sum.fallsWithRisk = parts.allSatisfy(\.fallsWithRisk)
        }
        let answer = ensemble.score(row, scratch.scoring).margin
        guard answer.isFinite, sum.base.isFinite, sum.values.allSatisfy(\.isFinite) else {
            throw .notFinite
        }
        sum.rounding = answer - sum.values.reduce(sum.base, +)
        return sum
    }

    /// The stack's weight of a member, dealt out to the inputs as the member's own parts are; what a
    /// member adds that nothing moved belongs to the base.
    private func add(
        _ parts: [Part], through stack: LinearExplainer, to sum: inout Attributions
    ) throws(ExplanationError) {
        let meta = try stack.explain(parts.map(\.answer))
        sum.base = meta.base
        sum.exactness = .rescaled
        sum.space = .margin
        for (index, part) in parts.enumerated() {
            let moved = part.values.reduce(0, +)
            guard moved != 0 else {
                sum.base += meta.values[index]
                continue
            }
            let factor = meta.values[index] / moved
            for (value, place) in zip(part.values, members[index].places) {
                sum.values[place] += factor * value
            }
        }
    }

    // MARK: Members

    /// What a member hands to the ensemble, as a sum over its own inputs.
    private struct Part {
        var base: Double
        var values: [Double]
        var answer: Double
        var isExact: Bool
        var fallsWithRisk: Bool
    }

    private func part(
        of member: Member, _ row: UnsafeBufferPointer<Double>, _ scratch: ExplainScratch
    ) throws(ExplanationError) -> Part {
        let inputs = member.places.map { row[$0] }
        let explained = try inputs.withUnsafeBufferPointer { inputs throws(ExplanationError) in
            try member.explainer.explain(
                inputs, output: member.output, .whole, scratch: scratch)
        }
        let space = ensemble.file.space
        let scored = member.model.score(inputs)
        let answer =
            space == .margin ? scored.margin[member.output] : scored.probability[member.positive]
        var part = Part(
            base: explained.base, values: explained.values, answer: answer,
            isExact: explained.exactness == .exact, fallsWithRisk: explained.fallsWithRisk)
        if member.model.answersExplainedMargin(in: space) { return part }
        part.isExact = false
        part.fallsWithRisk = false
        let base = member.model.answer(atMargin: explained.base, in: space)
        let moved = explained.values.reduce(0, +)
        if moved == 0 {
            part.base = answer
            part.values = part.values.map { _ in 0 }
        } else {
            part.base = base
            part.values = part.values.map { $0 * ((answer - base) / moved) }
        }
        return part
    }
}

extension ScoringModel {
    /// Whether the margin that is explained is all that its answer follows from.
    fileprivate var isExplainedByOneMargin: Bool {
        guard case .single(let model) = self else { return true }
        return model.marginCount == 1 || model.model.link == .identity
    }

    /// Whether what it contributes is the margin that its explainer explains.
    fileprivate func answersExplainedMargin(in space: EnsembleFile.Space) -> Bool {
        switch self {
        case .ensemble(let ensemble):
            return space == .margin
                || ensemble.file.space == .probability && ensemble.file.combination != .stack
        case .single(let model):
            if case .isolation = model.model.body { return false }
            return space == .margin || model.model.link == .identity
        }
    }

    /// What it contributes where its explained margin is this.
    fileprivate func answer(atMargin margin: Double, in space: EnsembleFile.Space) -> Double {
        guard case .single(let model) = self, let positive else {
            guard case .ensemble(let ensemble) = self else { return .nan }
            return space == .margin ? margin : ensemble.probability(atMargin: margin)
        }
        let margins = [Double](repeating: margin, count: model.marginCount)
        var probabilities = [Double](repeating: 0, count: model.probabilityCount)
        margins.withUnsafeBufferPointer { margins in
            probabilities.withUnsafeMutableBufferPointer {
                model.probabilities(fromMargins: margins, into: $0)
            }
        }
        guard space == .margin else { return probabilities[positive] }
        guard case .isolation(_, let parameters) = model.model.body else { return margin }
        return -parameters.outputs(score: probabilities[0]).decision
    }
}

extension EnsembleModel {
    fileprivate func probability(atMargin margin: Double) -> Double {
        guard let stack = file.stack else {
            return file.space == .margin ? Link.sigmoid(margin) : margin
        }
        var probabilities = [Double](repeating: 0, count: stack.probabilityCount)
        [margin].withUnsafeBufferPointer { margins in
            probabilities.withUnsafeMutableBufferPointer {
                stack.probabilities(fromMargins: margins, into: $0)
            }
        }
        return probabilities[0]
    }
}
