internal import Numerics

/// Shapley values from random orders of the inputs, each order also taken backwards, which cancels
/// much of the noise (Mitchell et al. 2022).
///
/// Every background row meets the same number of orders, so that the parts add up to the answer
/// whatever was drawn.
public struct PermutationExplainer: Explainer {
    private let model: any ExplainedModel
    private let background: BackgroundRows
    private let artifact: [UInt8]
    private let mostRows: Int

    /// Nil for a background of another width.
    ///
    /// - Parameters:
    ///   - artifact: the SHA-256 of the model, for the seed.
    ///   - mostRows: about how many rows the model may be asked; one order forth and back for each
    ///     background row is the least.
    public init?(
        _ model: any ExplainedModel, background: BackgroundRows, artifact: [UInt8],
        mostRows: Int = 20_000
    ) {
        guard background.inputCount == model.inputCount else { return nil }
        self.model = model
        self.background = background
        self.artifact = artifact
        self.mostRows = mostRows
    }

    public var method: Attributions.Method { .permutations }
    public var rowsAsked: Int {
        max(mostRows, 2 * background.count * (model.inputCount + 1))
    }

    public func makeScratch() -> ExplainScratch { ExplainScratch() }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        let game = try CoalitionGame(model, background, row, output: output, options)
        let seed = SampleSeed.seed(purpose: "permutations", artifact: artifact, row: row)
        var random = SplitMix64(seed: seed)
        var values = [Double](repeating: 0, count: game.players.count)
        let rounds = max(1, mostRows / max(1, 2 * background.count * game.players.count))
        for _ in 0..<rounds {
            for other in 0..<background.count {
                var order = Array(game.players.indices)
                random.shuffle(&order)
                for order in [order, order.reversed()] {
                    try add(order, game, Array(background[other]), &values)
                }
            }
        }
        let count = Double(2 * rounds * background.count)
        return game.attributions(values.map { $0 / count }, .permutations, .sampled(seed: seed))
    }

    /// Adds what each player changes when it joins those before it.
    private func add(
        _ order: [Int], _ game: CoalitionGame, _ start: [Double], _ values: inout [Double]
    ) throws(ExplanationError) {
        var rows = start
        var row = start
        for player in order {
            row[game.players[player]] = game.row[game.players[player]]
            rows.append(contentsOf: row)
        }
        let answers = try CoalitionGame.finite(
            model.answers(rows, output: game.output, game.options))
        for (place, player) in order.enumerated() {
            values[player] += answers[place + 1] - answers[place]
        }
    }
}
