/// Shapley values by their definition (Shapley 1953): over all coalitions of the inputs.
public struct CoalitionExplainer: Explainer {
    public static let mostInputs = 11

    private let model: any ExplainedModel
    private let background: BackgroundRows

    /// Nil for more than 11 inputs, or a background of another width.
    public init?(_ model: any ExplainedModel, background: BackgroundRows) {
        guard model.inputCount <= Self.mostInputs, background.inputCount == model.inputCount
        else { return nil }
        self.model = model
        self.background = background
    }

    public var method: Attributions.Method { .coalitions }
    public var rowsAsked: Int { background.count << model.inputCount }

    public func makeScratch() -> ExplainScratch { ExplainScratch() }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        let game = try CoalitionGame(model, background, row, output: output, options)
        let count = game.players.count
        let worths = try game.worths(
            of: (0..<1 << count).map { set in (0..<count).map { set >> $0 & 1 == 1 } })
        let shares = Self.shares(count)
        let values = (0..<count).map { player in
            var value = 0.0
            for set in worths.indices where set >> player & 1 == 0 {
                let gain = worths[set | 1 << player] - worths[set]
                value += shares[set.nonzeroBitCount] * gain
            }
            return value
        }
        return game.attributions(values, .coalitions, .exact)
    }

    /// By the size of a coalition, the share of the orders in which a given player comes right after
    /// it: size! (count - size - 1)! / count!
    private static func shares(_ count: Int) -> [Double] {
        guard count > 0 else { return [] }
        var choices = 1.0
        return (0..<count).map { size in
            // count - 1 choose size, from one to the next.
            if size > 0 { choices = choices * Double(count - size) / Double(size) }
            return 1 / (Double(count) * choices)
        }
    }
}
