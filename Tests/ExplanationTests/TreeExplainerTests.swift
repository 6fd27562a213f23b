import Foundation
import ModelFixtures
import Numerics
import Testing

@testable import Inference

@Suite("TreeSHAP")
struct TreeExplainerTests {
    @Test("attributions equal XGBoost's within its float32 noise", arguments: Fixture.own)
    func library(_ fixture: Fixture) throws {
        let model = try TreeModel(try fixture.artifact())
        let explainer = try #require(model.explainer)
        let expected = try fixture.expected("shap_", in: "shap.csv")
        for (row, theirs) in zip(try fixture.rows().map { $0.map(Float.init) }, expected) {
            let ours = try #require(explainer.attributions(row))
            for (index, value) in ours.values.enumerated() {
                #expect(abs(value - theirs[index]) < 1e-5, "\(fixture.name) input \(index)")
            }
            #expect(abs(ours.base - theirs[theirs.count - 1]) < 1e-5)
        }
    }

    @Test("they equal the sum over all subsets", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func bruteForce(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let forest = randomForest(&random, inputs: 6, depth: 7, trees: 3)
        let explainer = try #require(TreeExplainer(forest))
        for _ in 0..<10 {
            let row = (0..<6).map { _ in
                random.next(below: 8) == 0 ? Float.nan : Float(random.next(below: 100)) / 10
            }
            let ours = try #require(explainer.attributions(row))
            let (base, values) = shapley(forest, row)
            #expect(abs(ours.base - base) < 1e-9)
            for (a, b) in zip(ours.values, values) { #expect(abs(a - b) < 1e-9) }
        }
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

    // MARK: An independent answer

    private func randomForest(
        _ random: inout SplitMix64, inputs: Int, depth: Int, trees: Int
    ) -> Forest {
        var forest = Forest(inputCount: inputs, outputCount: 1, baseMargins: [0.25])
        for _ in 0..<trees {
            let first = forest.nodes.count
            var open = [(index: 0, level: 0, cover: Float(1_000))]
            forest.nodes.append(leaf(&random, cover: 1_000))
            var deepest = 0
            while let (index, level, cover) = open.popLast() {
                deepest = max(deepest, level)
                if level == depth || (level > 1 && random.next(below: 4) == 0) { continue }
                let left = forest.nodes.count - first
                // Now and then all training rows went one way.
                let share = random.next(below: 9) == 0 ? 0 : Float(random.next(below: 99) + 1) / 100
                forest.nodes[first + index] = .init(
                    left: Int32(left), right: Int32(left + 1),
                    input: Int32(random.next(below: inputs)),
                    value: Float(random.next(below: 100)) / 10, cover: cover, categories: -1,
                    missingGoesLeft: random.next(below: 2) == 0)
                for (offset, part) in [share, 1 - share].enumerated() {
                    forest.nodes.append(leaf(&random, cover: cover * part))
                    if cover * part > 0 { open.append((left + offset, level + 1, cover * part)) }
                }
                deepest = max(deepest, level + 1)
            }
            forest.trees.append(
                .init(
                    firstNode: first, nodeCount: forest.nodes.count - first, depth: deepest,
                    output: 0))
        }
        return forest
    }

    private func leaf(_ random: inout SplitMix64, cover: Float) -> Forest.Node {
        .init(
            left: -1, right: -1, input: 0, value: Float(random.next(below: 2_000)) / 1_000 - 1,
            cover: cover, categories: -1, missingGoesLeft: false)
    }

    private func shapley(_ forest: Forest, _ row: [Float]) -> (base: Double, values: [Double]) {
        let count = row.count
        let worth = (0..<1 << count).map { expectation(forest, row, known: $0) }
        func factorial(_ n: Int) -> Double { n < 2 ? 1 : Double(n) * factorial(n - 1) }
        var values = [Double](repeating: 0, count: count)
        for input in 0..<count {
            for set in 0..<1 << count where set >> input & 1 == 0 {
                let size = set.nonzeroBitCount
                let weight =
                    factorial(size) * factorial(count - size - 1) / factorial(count)
                values[input] += weight * (worth[set | 1 << input] - worth[set])
            }
        }
        return (worth[0], values)
    }

    /// The forest's value with the inputs of `known` fixed, every other split averaged by cover.
    private func expectation(_ forest: Forest, _ row: [Float], known: Int) -> Double {
        func value(_ tree: Forest.Tree, _ index: Int) -> Double {
            let node = forest.nodes[tree.firstNode + index]
            if node.isLeaf { return Double(node.value) }
            if known >> Int(node.input) & 1 == 1 {
                let left = forest.goesLeft(node, row[Int(node.input)])
                return value(tree, Int(left ? node.left : node.right))
            }
            let left = Double(forest.nodes[tree.firstNode + Int(node.left)].cover)
            let right = Double(forest.nodes[tree.firstNode + Int(node.right)].cover)
            return
                (left * value(tree, Int(node.left)) + right * value(tree, Int(node.right)))
                / (left + right)
        }
        return Double(forest.baseMargins[0]) + forest.trees.map { value($0, 0) }.reduce(0, +)
    }
}
