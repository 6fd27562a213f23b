import Foundation
import ModelFixtures
import Numerics
import RandomModels
import Testing

@testable import Inference

@Suite("TreeSHAP")
struct TreeExplainerTests {
    /// Compares every output of some rows with the sum over all subsets.
    private func check(
        _ generator: RandomEnsemble, _ ensemble: TreeEnsemble, rows: Int = 6, factor: Double = 1,
        start: (Int) -> Double, seed: UInt64
    ) throws {
        var generator = generator
        let explainer = try #require(TreeExplainer(ensemble))
        for _ in 0..<rows {
            let row = generator.row()
            for output in 0..<ensemble.outputCount {
                let ours = try explainer.explain(row, output: output)
                let (base, values) = ShapleyOracle(ensemble, row, output: output).attributions
                let context: Comment = "seed \(seed), row \(row), output \(output)"
                #expect(abs(ours.base - (start(output) + base * factor)) < 1e-9, context)
                for (a, b) in zip(ours.values, values) {
                    #expect(abs(a - b * factor) < 1e-9, context)
                }
            }
        }
    }

    // MARK: Against all subsets

    @Test("splits of XGBoost", arguments: 1...5 as ClosedRange<UInt64>)
    func comparisons(seed: UInt64) throws {
        var generator = RandomEnsemble(seed: seed)
        let ensemble = generator.binary()
        try check(generator, ensemble, start: { _ in 0.25 }, seed: seed)
    }

    @Test("categories of XGBoost and LightGBM", arguments: [NumericProfile.xgboost, .lightgbm])
    func categories(profile: NumericProfile) throws {
        var generator = RandomEnsemble(seed: 7)
        generator.profile = profile
        generator.categorical = 50
        let ensemble = generator.binary()
        #expect(ensemble.categorySets.count > 5)
        try check(
            generator, ensemble, start: { _ in profile == .xgboost ? 0.25 : 0 }, seed: 7)
    }

    @Test("every rule of LightGBM for missing values and zeros")
    func missing() throws {
        var generator = RandomEnsemble(seed: 8)
        generator.profile = .lightgbm
        let ensemble = generator.binary()
        try check(generator, ensemble, rows: 12, start: { _ in 0 }, seed: 8)
    }

    @Test("one tree per class", arguments: [2, 3])
    func classes(outputs: Int) throws {
        var generator = RandomEnsemble(seed: 9)
        generator.outputs = outputs
        generator.trees = 2 * outputs
        let ensemble = generator.binary()
        try check(
            generator, ensemble, rows: 3, start: { Double($0) / 4 + 0.25 }, seed: 9)
    }

    @Test("leaves with one value per class, averaged over the trees")
    func vectors() throws {
        var generator = RandomEnsemble(seed: 10)
        generator.profile = .forest
        generator.outputs = 3
        generator.hasVectors = true
        var ensemble = generator.binary()
        ensemble.isAveraged = true
        ensemble.treesPerIteration = 1
        try check(generator, ensemble, rows: 3, factor: 1.0 / 3, start: { _ in 0 }, seed: 10)
    }

    @Test("few inputs met many times on a path, 20 splits deep")
    func repeated() throws {
        var generator = RandomEnsemble(seed: 11)
        generator.inputs = 4
        generator.depth = 20
        generator.trees = 2
        generator.ending = 42
        let ensemble = generator.binary()
        let explainer = try #require(TreeExplainer(ensemble))
        #expect(explainer.depth >= 12)
        try check(generator, ensemble, start: { _ in 0.25 }, seed: 11)
    }

    @Test("ten inputs, more than four quadrature points")
    func manyInputs() throws {
        var generator = RandomEnsemble(seed: 12)
        generator.inputs = 10
        generator.depth = 11
        generator.trees = 1
        generator.ending = 20
        let ensemble = generator.binary()
        try check(generator, ensemble, rows: 2, start: { _ in 0.25 }, seed: 12)
    }

    @Test("oblivious trees, with leaves that no training row reached", arguments: [0, 40])
    func oblivious(empty: Int) throws {
        for outputs in [1, 3] {
            var generator = RandomEnsemble(seed: 13)
            generator.profile = .catboost
            generator.depth = 5
            generator.outputs = outputs
            generator.empty = empty
            var ensemble = generator.oblivious()
            ensemble.treesPerIteration = 1
            ensemble.scale = 0.5
            try check(
                generator, ensemble, rows: 4, factor: 0.5, start: { Double($0) / 4 + 0.25 },
                seed: 13)
        }
    }

    // MARK: In closed form

    @Test(
        "inputs that must all agree share what they add equally, however many they are",
        arguments: [1, 2, 3, 5, 8, 9, 16, 17, 33, 64, 512])
    func conjunction(inputs: Int) throws {
        var ensemble = TreeEnsemble(profile: .lightgbm, inputCount: inputs, outputCount: 1)
        // 99 % of the rows go on at each split; the others end in a leaf of 0.
        for input in 0..<inputs {
            let cover = pow(0.99, Double(input))
            ensemble.nodes.append(
                .split(
                    Int32(input), .lessOrEqual, 0.5, missing: .right, left: Int32(2 * input + 2),
                    right: Int32(2 * input + 1), cover: cover))
            ensemble.nodes.append(.leaf(0, number: 0, cover: cover * 0.01))
        }
        ensemble.nodes.append(.leaf(1, number: 0, cover: pow(0.99, Double(inputs))))
        ensemble.trees = [
            .init(
                shape: .binary(firstNode: 0, count: 2 * inputs + 1), depth: inputs, output: 0)
        ]
        let explainer = try #require(TreeExplainer(ensemble))
        let all = try explainer.explain([Double](repeating: 0, count: inputs))
        let none = pow(0.99, Double(inputs))
        #expect(abs(all.base - none) < 1e-12)
        for value in all.values {
            #expect(abs(value - (1 - none) / Double(inputs)) < 1e-12)
        }
    }

    // MARK: Properties

    @Test("an input that no split asks adds nothing at all; the parts add up to the margin's bits")
    func dummy() throws {
        for seed in 20..<30 as Range<UInt64> {
            var generator = RandomEnsemble(seed: seed)
            var ensemble = generator.binary()
            ensemble.inputCount = 8
            let explainer = try #require(TreeExplainer(ensemble))
            let row = generator.row() + [1, .nan]
            let ours = try explainer.explain(row)
            #expect(ours.values[6] == 0 && ours.values[7] == 0)
            var (margins, leaves): ([Double], [Int32]) = ([], [])
            row.withUnsafeBufferPointer {
                ensemble.reference($0, margins: &margins, leaves: &leaves)
            }
            let sum = ours.values.reduce(ours.base, +)
            #expect(abs(sum + ours.rounding - margins[0]) < 1e-12, "seed \(seed)")
            #expect(abs(ours.rounding) < 1e-6)
        }
    }

    @Test("an offset replaces XGBoost's base margin; a range of rounds explains itself")
    func options() throws {
        var generator = RandomEnsemble(seed: 31)
        generator.trees = 4
        let ensemble = generator.binary()
        let explainer = try #require(TreeExplainer(ensemble))
        let row = generator.row()
        let whole = try explainer.explain(row)
        let moved = try explainer.explain(row, RowOptions(offset: [2]))
        #expect(abs(moved.base - whole.base - 1.75) < 1e-12 && moved.values == whole.values)
        let first = try explainer.explain(row, RowOptions(iterations: 0..<1))
        let rest = try explainer.explain(row, RowOptions(iterations: 1..<4))
        for input in row.indices {
            #expect(abs(first.values[input] + rest.values[input] - whole.values[input]) < 1e-12)
        }
    }

    @Test("no covers, a split without training rows, or a missing value that may not be: said so")
    func refusals() throws {
        var generator = RandomEnsemble(seed: 32)
        var ensemble = generator.binary()
        for index in ensemble.nodes.indices where !ensemble.nodes[index].isLeaf {
            ensemble.nodes[index].missing = .refused
        }
        let explainer = try #require(TreeExplainer(ensemble))
        #expect(throws: ExplanationError.missingInput(0)) {
            try explainer.explain([Double](repeating: .nan, count: 6))
        }
        for index in ensemble.nodes.indices { ensemble.nodes[index].cover = 0 }
        #expect(TreeExplainer(ensemble) == nil)
        for index in ensemble.nodes.indices { ensemble.nodes[index].cover = .nan }
        #expect(TreeExplainer(ensemble) == nil)
    }

    @Test("quadrature is exact for the polynomials it must integrate")
    func quadrature() {
        for count in 1...24 {
            let rule = GaussLegendre(count: count)
            for degree in 0...2 * count - 1 {
                let sum = zip(rule.nodes, rule.weights)
                    .map { pow($0, Double(degree)) * $1 }.reduce(0, +)
                #expect(abs(sum - 1 / Double(degree + 1)) < 1e-13)
            }
        }
    }
}
