internal import Numerics

/// Kernel SHAP (Lundberg and Lee 2017): the linear function of membership that fits the worth of
/// coalitions best, weighted so that its coefficients are Shapley values, under the constraint that
/// they add up to the answer.
///
/// Coalitions come with their complements. Sizes of which all coalitions can be afforded are taken
/// whole, from the outside in; from the others as many as are left are drawn by the kernel's weight.
/// If all sizes are whole, the answer is exact.
public struct KernelExplainer: Explainer {
    /// The equations grow with the square of the inputs.
    public static let mostInputs = 256

    private let model: any ExplainedModel
    private let background: BackgroundRows
    private let artifact: [UInt8]
    private let mostCoalitions: Int?

    /// Nil for more than 256 inputs, or a background of another width.
    ///
    /// - Parameters:
    ///   - artifact: the SHA-256 of the model, for the seed.
    ///   - mostCoalitions: 2 per input and 2,048 if nil.
    public init?(
        _ model: any ExplainedModel, background: BackgroundRows, artifact: [UInt8],
        mostCoalitions: Int? = nil
    ) {
        guard model.inputCount <= Self.mostInputs, background.inputCount == model.inputCount
        else { return nil }
        self.model = model
        self.background = background
        self.artifact = artifact
        self.mostCoalitions = mostCoalitions
    }

    public var method: Attributions.Method { .kernelShap }
    public var rowsAsked: Int { coalitionCount(model.inputCount) * background.count }

    private func coalitionCount(_ players: Int) -> Int { mostCoalitions ?? 2 * players + 2_048 }

    public func makeScratch() -> ExplainScratch { ExplainScratch() }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        let game = try CoalitionGame(model, background, row, output: output, options)
        let count = game.players.count
        guard count > 1 else {
            let values = [Double](repeating: game.answer - game.base, count: count)
            return game.attributions(values, .kernelShap, .exact)
        }
        let seed = SampleSeed.seed(purpose: "kernel", artifact: artifact, row: row)
        var draw = CoalitionDraw(
            players: count, budget: coalitionCount(count), seed: seed)
        draw.run()
        let values = try fit(game, draw.coalitions, draw.weights)
        return game.attributions(
            values, .kernelShap, draw.isWhole ? .exact : .sampled(seed: seed))
    }

    /// Weighted least squares under Σ φ = answer - base, by Lagrange's method.
    private func fit(
        _ game: CoalitionGame, _ coalitions: [[Bool]], _ weights: [Double]
    ) throws(ExplanationError) -> [Double] {
        let count = game.players.count
        let worths = try game.worths(of: coalitions)
        var equations = NormalEquations(size: count)
        var side = [Double](repeating: 0, count: count)
        for (index, coalition) in coalitions.enumerated() {
            equations.add(coalition.map { $0 ? 1 : 0 }, weight: weights[index])
            let worth = weights[index] * (worths[index] - game.base)
            for player in 0..<count where coalition[player] { side[player] += worth }
        }
        let ones = [Double](repeating: 1, count: count)
        guard let solved = equations.solve([side, ones]) else { throw .undetermined }
        let excess = solved[0].reduce(0, +) - (game.answer - game.base)
        let multiplier = excess / solved[1].reduce(0, +)
        return zip(solved[0], solved[1]).map { $0 - multiplier * $1 }
    }
}

/// The coalitions that Kernel SHAP asks, and their weights.
struct CoalitionDraw {
    let players: Int
    private var budget: Int
    private var random: SplitMix64
    private(set) var coalitions: [[Bool]] = []
    private(set) var weights: [Double] = []
    /// Whether no coalition was left out.
    private(set) var isWhole = false

    init(players: Int, budget: Int, seed: UInt64) {
        self.players = players
        self.budget = min(budget, 1 << 20)
        random = SplitMix64(seed: seed)
    }

    mutating func run() {
        var sizes = Array(1...players / 2)
        while let size = sizes.first, let count = affordableCount(of: size) {
            let weight = Self.weight(of: size, players) / Double(count)
            takeAll(size, weight)
            budget -= size * 2 == players ? count : 2 * count
            sizes.removeFirst()
        }
        isWhole = sizes.isEmpty
        if !sizes.isEmpty { sample(sizes) }
    }

    /// The kernel's weight of all coalitions of a size together, up to a common factor.
    private static func weight(of size: Int, _ players: Int) -> Double {
        Double(players - 1) / (Double(size) * Double(players - size))
    }

    /// How many coalitions of a size there are, if they and their complements can be afforded.
    private func affordableCount(of size: Int) -> Int? {
        var count = 1
        for step in 1...size {
            count = count * (players - size + step) / step
            if count > budget { return nil }
        }
        return (size * 2 == players ? count : 2 * count) <= budget ? count : nil
    }

    private mutating func takeAll(_ size: Int, _ weight: Double) {
        var members = Array(0..<size)
        while true {
            add(members, weight, withComplement: size * 2 != players)
            // The next combination in lexical order.
            guard
                let place = members.indices.last(where: {
                    members[$0] < players - size + $0
                })
            else { return }
            members[place] += 1
            for later in place + 1..<max(size, place + 1) {
                members[later] = members[later - 1] + 1
            }
        }
    }

    private mutating func sample(_ sizes: [Int]) {
        // A size stands for its complement too, but for the middle one, which is its own.
        let shares = sizes.map {
            Self.weight(of: $0, players) * ($0 * 2 == players ? 1 : 2)
        }
        let total = shares.reduce(0, +)
        let pairs = max(1, budget / 2)
        for _ in 0..<pairs {
            var rest = random.uniform() * total
            var choice = 0
            while choice < sizes.count - 1, rest >= shares[choice] {
                rest -= shares[choice]
                choice += 1
            }
            var order = Array(0..<players)
            random.shuffle(&order)
            add(
                Array(order.prefix(sizes[choice])), total / Double(2 * pairs),
                withComplement: true)
        }
    }

    private mutating func add(_ members: [Int], _ weight: Double, withComplement: Bool) {
        var coalition = [Bool](repeating: false, count: players)
        for member in members { coalition[member] = true }
        coalitions.append(coalition)
        weights.append(weight)
        if withComplement {
            coalitions.append(coalition.map { !$0 })
            weights.append(weight)
        }
    }
}
