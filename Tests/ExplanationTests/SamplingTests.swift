import Foundation
import Numerics
import Testing

@testable import Inference

/// A model that is a formula.
struct Formula: ExplainedModel {
    var inputCount: Int
    var space = Attributions.Space.margin
    var body: @Sendable ([Double]) -> Double

    func answers(_ rows: [Double], output: Int, _ options: RowOptions) -> [Double] {
        stride(from: 0, to: rows.count, by: inputCount).map {
            body(Array(rows[$0..<$0 + inputCount]))
        }
    }
}

@Suite("Explainers that only ask the model")
struct SamplingTests {
    private let artifact = (0..<32).map { UInt8($0) }

    private func background(_ inputs: Int, rows: Int = 9, seed: UInt64 = 3) throws
        -> BackgroundRows
    {
        var random = SplitMix64(seed: seed)
        return try #require(
            BackgroundRows(
                (0..<rows).map { _ in (0..<inputs).map { _ in random.uniform() * 4 - 2 } }))
    }

    private func row(_ inputs: Int) -> [Double] { (0..<inputs).map { 1 - Double($0) / 4 } }

    /// Products, a step and a sum: interactions that no linear model has.
    private func interacting(_ inputs: Int) -> Formula {
        Formula(inputCount: inputs) { row in
            row[0] * row[1] + (row[2] > 0 ? 2 : -1) * row[3]
                + row.dropFirst(4).reduce(0, +) / 3
        }
    }

    private func total(_ attributions: Attributions) -> Double {
        attributions.values.reduce(attributions.base, +)
    }

    // MARK: Seeds

    @Test("SplitMix64 gives its published numbers, and uniform ones below 1")
    func numbers() {
        var random = SplitMix64(seed: 0)
        #expect(random.next() == 0xE220_A839_7B1D_CDAF)
        #expect(random.next() == 0x6E78_9E6A_A1B9_65F4)
        random = SplitMix64(seed: 0)
        #expect(random.uniform() == Double(0xE220_A839_7B1D_CDAF as UInt64 >> 11) * 0x1p-53)
    }

    @Test("the seed is the hash of purpose, artifact and row")
    func seed() {
        let seed = [1.5, .nan, -0.0].withUnsafeBufferPointer {
            SampleSeed.seed(purpose: "lime", artifact: artifact, row: $0)
        }
        #expect(seed == 0x578E_3132_A7D7_C5F7)
    }

    // MARK: Coalitions

    @Test("coalitions give the Shapley values of the definition")
    func coalitions() throws {
        let (model, background) = (interacting(6), try background(6))
        let explainer = try #require(CoalitionExplainer(model, background: background))
        let ours = try explainer.explain(row(6))
        let worth = (0..<64).map { set in
            (0..<background.count).map { other in
                let mixed = zip(row(6), background[other]).enumerated().map {
                    set >> $0.offset & 1 == 1 ? $0.element.0 : $0.element.1
                }
                return model.body(mixed)
            }.reduce(0, +) / Double(background.count)
        }
        for (a, b) in zip(ours.values, ShapleyOracle.shapley(worth)) {
            #expect(abs(a - b) < 1e-12)
        }
        #expect(abs(ours.base - worth[0]) < 1e-12 && ours.exactness == .exact)
        #expect(abs(total(ours) - model.body(row(6))) < 1e-12)
    }

    @Test("an input that never differs adds nothing and costs nothing; equal inputs add the same")
    func properties() throws {
        let model = Formula(inputCount: 4) { $0[0] * $0[1] + $0[2] * $0[3] }
        let background = try #require(BackgroundRows([[1, 1, 5, 0], [2, 2, 5, 3]]))
        let explainer = try #require(CoalitionExplainer(model, background: background))
        let ours = try explainer.explain([4, 4, 5, 1])
        #expect(ours.values[2] == 0)
        #expect(abs(ours.values[0] - ours.values[1]) < 1e-12)
    }

    @Test("an answer that is not finite is refused, by whoever asks")
    func infinite() throws {
        let model = Formula(inputCount: 2) { $0[0] / $0[1] }
        let background = try #require(BackgroundRows([[1, 0], [2, 1]]))
        for explainer in [
            CoalitionExplainer(model, background: background) as (any Explainer)?,
            PermutationExplainer(model, background: background, artifact: artifact),
            KernelExplainer(model, background: background, artifact: artifact),
        ] {
            #expect(throws: ExplanationError.notFinite) { try explainer?.explain([1, 1]) }
        }
    }

    @Test("more inputs, or a background of another width, are refused")
    func refusals() throws {
        #expect(CoalitionExplainer(interacting(12), background: try background(12)) == nil)
        #expect(CoalitionExplainer(interacting(6), background: try background(7)) == nil)
        #expect(BackgroundRows([]) == nil)
        #expect(BackgroundRows([[1], [1, 2]]) == nil)
        #expect(BackgroundRows([[Double]](repeating: [1], count: 101)) == nil)
    }

    // MARK: Permutations

    @Test("permutations add up whatever was drawn, repeat, and come near the exact values")
    func permutations() throws {
        let (model, background) = (interacting(8), try background(8))
        let exact = try #require(CoalitionExplainer(model, background: background))
            .explain(row(8))
        let explainer = try #require(
            PermutationExplainer(
                model, background: background, artifact: artifact, mostRows: 4_000))
        let ours = try explainer.explain(row(8))
        #expect(ours == (try explainer.explain(row(8))))
        #expect(abs(total(ours) - model.body(row(8))) < 1e-12 && abs(ours.rounding) < 1e-12)
        for (a, b) in zip(ours.values, exact.values) { #expect(abs(a - b) < 0.05) }
        guard case .sampled = ours.exactness else {
            Issue.record("permutations are a sample")
            return
        }
    }

    @Test("one order suffices for a sum")
    func sums() throws {
        let model = Formula(inputCount: 5) { row in
            row.enumerated().map { Double($0.offset + 1) * $0.element }.reduce(0, +)
        }
        let background = try background(5)
        let explainer = try #require(
            PermutationExplainer(model, background: background, artifact: artifact, mostRows: 1))
        let ours = try explainer.explain(row(5))
        for input in 0..<5 {
            let mean =
                (0..<background.count).map { Array(background[$0])[input] }.reduce(0, +)
                / Double(background.count)
            let exact = Double(input + 1) * (row(5)[input] - mean)
            #expect(abs(ours.values[input] - exact) < 1e-12)
        }
    }

    // MARK: Kernel SHAP

    @Test("Kernel SHAP over all coalitions is exact", arguments: [1, 2, 3, 6, 7])
    func wholeKernel(inputs: Int) throws {
        let full = interacting(8)
        let model = Formula(inputCount: inputs) { row in
            full.body(row + [Double](repeating: 0.5, count: 8 - row.count))
        }
        let background = try background(inputs)
        let exact = try #require(CoalitionExplainer(model, background: background))
            .explain(row(inputs))
        let ours = try #require(
            KernelExplainer(model, background: background, artifact: artifact)
        ).explain(row(inputs))
        #expect(ours.exactness == .exact)
        for (a, b) in zip(ours.values, exact.values) { #expect(abs(a - b) < 1e-9) }
    }

    @Test("Kernel SHAP by a sample adds up, repeats, and comes near the exact values")
    func sampledKernel() throws {
        let (model, background) = (interacting(10), try background(10))
        let exact = try #require(CoalitionExplainer(model, background: background))
            .explain(row(10))
        let explainer = try #require(
            KernelExplainer(
                model, background: background, artifact: artifact, mostCoalitions: 300))
        let ours = try explainer.explain(row(10))
        #expect(ours == (try explainer.explain(row(10))))
        #expect(ours.exactness != .exact)
        #expect(abs(total(ours) - model.body(row(10))) < 1e-9)
        for (a, b) in zip(ours.values, exact.values) { #expect(abs(a - b) < 0.1) }
    }

    @Test("too few coalitions to tell inputs apart are an error, not a guess")
    func undetermined() throws {
        let explainer = try #require(
            KernelExplainer(
                interacting(10), background: try background(10), artifact: artifact,
                mostCoalitions: 4))
        #expect(throws: ExplanationError.undetermined) { try explainer.explain(row(10)) }
    }

    @Test("the draw takes whole sizes with the kernel's weights")
    func draw() {
        var draw = CoalitionDraw(players: 5, budget: 100, seed: 1)
        draw.run()
        #expect(draw.isWhole && draw.coalitions.count == 30)
        #expect(Set(draw.coalitions).count == 30)
        for (coalition, weight) in zip(draw.coalitions, draw.weights) {
            let size = coalition.count { $0 }
            let choices = [1.0, 5, 10, 10, 5][size]
            #expect(abs(weight - 4 / (choices * Double(size) * Double(5 - size))) < 1e-15)
        }
        var part = CoalitionDraw(players: 5, budget: 20, seed: 1)
        part.run()
        #expect(!part.isWhole && part.coalitions.count == 20)
        #expect(abs(part.weights.reduce(0, +) - draw.weights.reduce(0, +)) < 1e-12)
    }

    // MARK: LIME

    @Test("LIME finds what counts nearby, repeats, and says how well it fits")
    func lime() throws {
        let model = Formula(inputCount: 12) { row in
            (row[3] > 0 ? 5 : 0) - (row[7] > 0 ? 3 : 0) + row[9] / 100
        }
        let background = try background(12, rows: 60)
        let explainer = try #require(
            LimeExplainer(model, background: background, artifact: artifact, draws: 2_000))
        var row = [Double](repeating: 0.1, count: 12)
        row[3] = 1.9
        row[7] = 1.9
        let ours = try explainer.explain(row)
        #expect(ours == (try explainer.explain(row)))
        let order = ours.values.indices.sorted { abs(ours.values[$0]) > abs(ours.values[$1]) }
        #expect(order.prefix(2) == [3, 7] && ours.values[3] > 0 && ours.values[7] < 0)
        #expect(ours.values.count { $0 != 0 } <= LimeExplainer.mostInputs)
        let fit = try #require(ours.localFit)
        #expect(fit > 0.2 && fit < 1)
        #expect(abs(total(ours) + ours.rounding - model.body(row)) < 1e-12)
    }

    @Test("a linear function of what stays in range is found to the ridge, with R² 1")
    func localFit() throws {
        var random = SplitMix64(seed: 5)
        let x = (0..<500).map { _ in (0..<3).map { _ in random.uniform() < 0.5 ? 1.0 : 0 } }
        let y = x.map { 2 + 3 * $0[0] - $0[1] }
        let weights = x.map { _ in random.uniform() }
        let fit = try LocalFit(x, weights, y, ridge: 1e-9)
        #expect(abs(fit.intercept - 2) < 1e-6 && abs(fit.determination - 1) < 1e-12)
        for (a, b) in zip(fit.coefficients, [3.0, -1, 0]) { #expect(abs(a - b) < 1e-6) }
    }

    @Test("quantiles keep the share of missing values; categories are not mixed")
    func quantiles() {
        var random = SplitMix64(seed: 6)
        let numbers = ReferenceQuantiles([1, 2, 3, 4, .nan], isCategory: false)
        let draws = (0..<2_000).map { _ in numbers.draw(&random) }
        #expect((300...500).contains(draws.count { $0.isNaN }))
        #expect(draws.allSatisfy { $0.isNaN || $0 >= 1 && $0 <= 4 })
        #expect(numbers.areAlike(1, 1.5) && !numbers.areAlike(1, 4))
        #expect(numbers.areAlike(.nan, .nan) && !numbers.areAlike(.nan, 1))
        let categories = ReferenceQuantiles([1, 7, 7], isCategory: true)
        for _ in 0..<100 { #expect([1, 7].contains(categories.draw(&random))) }
        #expect(categories.areAlike(7, 7) && !categories.areAlike(6, 7))
        let empty = ReferenceQuantiles([.nan, .nan], isCategory: false)
        #expect(empty.draw(&random).isNaN)
    }
}
