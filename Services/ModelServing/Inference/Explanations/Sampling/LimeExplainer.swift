internal import Numerics

/// LIME (Ribeiro, Singh and Guestrin 2016): a linear model of the answers near a row, over the
/// inputs that stay in the row's own range.
///
/// Draws take every input from the reference's quantiles. Draws near the row count more: by
/// `√exp(-n / width²)`, n the inputs that left their range, width 0.75 √d. The parts are
/// coefficients of at most ten inputs; they need not add up to the answer, and `localFit` says how
/// well they do nearby.
public struct LimeExplainer: Explainer {
    public static let mostInputs = 10
    static let ridge = 1.0
    /// Only to choose the inputs.
    static let selectionRidge = 0.01

    private let model: any ExplainedModel
    private let background: BackgroundRows
    private let quantiles: [ReferenceQuantiles]
    private let artifact: [UInt8]
    private let draws: Int

    /// Nil for more than 256 inputs, or a background of another width.
    ///
    /// - Parameters:
    ///   - categories: inputs whose values have no order.
    ///   - artifact: the SHA-256 of the model, for the seed.
    public init?(
        _ model: any ExplainedModel, background: BackgroundRows, categories: Set<Int> = [],
        artifact: [UInt8], draws: Int = 5_000
    ) {
        guard model.inputCount <= KernelExplainer.mostInputs,
            background.inputCount == model.inputCount
        else { return nil }
        self.model = model
        self.background = background
        self.artifact = artifact
        self.draws = max(draws, 2)
        quantiles = (0..<model.inputCount).map { input in
            ReferenceQuantiles(
                (0..<background.count).map { background[$0].dropFirst(input).first ?? .nan },
                isCategory: categories.contains(input))
        }
    }

    public var method: Attributions.Method { .lime }
    public var rowsAsked: Int { draws }

    public func makeScratch() -> ExplainScratch { ExplainScratch() }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        let seed = SampleSeed.seed(purpose: "lime", artifact: artifact, row: row)
        var random = SplitMix64(seed: seed)
        let sample = sample(Array(row), &random)
        var answers: [Double] = []
        for first in stride(from: 0, to: draws, by: 1_000) {
            let end = min(first + 1_000, draws)
            let rows = sample.rows[first * row.count..<end * row.count]
            answers += try CoalitionGame.finite(
                model.answers(Array(rows), output: output, options))
        }
        let chosen = try chooseInputs(sample, answers)
        let fit = try LocalFit(
            sample.alike.map { alike in chosen.map { alike[$0] } }, sample.weights, answers,
            ridge: Self.ridge)
        var values = [Double](repeating: 0, count: row.count)
        for (input, coefficient) in zip(chosen, fit.coefficients) { values[input] = coefficient }
        return Attributions(
            base: fit.intercept, values: values,
            rounding: answers[0] - values.reduce(fit.intercept, +), method: .lime,
            exactness: .sampled(seed: seed), space: model.space, localFit: fit.determination)
    }

    private struct Sample {
        var rows: [Double] = []
        /// For each draw and input, 1 if it stayed in the row's own range, else 0.
        var alike: [[Double]] = []
        var weights: [Double] = []
    }

    /// The first draw is the row itself.
    private func sample(_ row: [Double], _ random: inout SplitMix64) -> Sample {
        var sample = Sample()
        let squaredWidth = 0.5625 * Double(row.count)
        for draw in 0..<draws {
            let values = draw == 0 ? row : quantiles.map { $0.draw(&random) }
            let alike = row.indices.map {
                draw == 0 || quantiles[$0].areAlike(row[$0], values[$0]) ? 1.0 : 0
            }
            let left = Double(row.count) - alike.reduce(0, +)
            sample.rows += values
            sample.alike.append(alike)
            sample.weights.append(ElementaryFunctions.exp(-left / squaredWidth).squareRoot())
        }
        return sample
    }

    /// Those with the largest coefficients, in input order.
    private func chooseInputs(
        _ sample: Sample, _ answers: [Double]
    ) throws(ExplanationError) -> [Int] {
        let inputs = Array(quantiles.indices)
        guard inputs.count > Self.mostInputs else { return inputs }
        let fit = try LocalFit(
            sample.alike, sample.weights, answers, ridge: Self.selectionRidge)
        let order = inputs.sorted {
            (-abs(fit.coefficients[$0]), $0) < (-abs(fit.coefficients[$1]), $1)
        }
        return order.prefix(Self.mostInputs).sorted()
    }
}

/// Weighted ridge regression; the intercept is free.
struct LocalFit {
    let intercept: Double
    let coefficients: [Double]
    /// The weighted share of the variance that the fit explains; 1 if there is none.
    let determination: Double

    init(
        _ x: [[Double]], _ weights: [Double], _ y: [Double], ridge: Double
    ) throws(ExplanationError) {
        let count = x.first?.count ?? 0
        let total = weights.reduce(0, +)
        let meanY = zip(weights, y).reduce(0) { $0 + $1.0 * $1.1 } / total
        var meanX = [Double](repeating: 0, count: count)
        for (row, weight) in zip(x, weights) {
            for column in 0..<count { meanX[column] += weight * row[column] / total }
        }
        var equations = NormalEquations(size: count)
        var side = [Double](repeating: 0, count: count)
        for (index, row) in x.enumerated() {
            let centred = zip(row, meanX).map { $0 - $1 }
            equations.add(centred, weight: weights[index])
            for column in 0..<count {
                side[column] += weights[index] * centred[column] * (y[index] - meanY)
            }
        }
        equations.addToDiagonal(ridge)
        guard let solved = equations.solve([side])?.first else { throw .undetermined }
        let intercept = meanY - zip(solved, meanX).reduce(0) { $0 + $1.0 * $1.1 }
        var (left, whole) = (0.0, 0.0)
        for (index, row) in x.enumerated() {
            let fitted = zip(row, solved).reduce(intercept) { $0 + $1.0 * $1.1 }
            left += weights[index] * (y[index] - fitted) * (y[index] - fitted)
            whole += weights[index] * (y[index] - meanY) * (y[index] - meanY)
        }
        self.intercept = intercept
        coefficients = solved
        determination = whole > 0 ? 1 - left / whole : 1
    }
}
