import Inference
import ModelFixtures
import Numerics
import RandomModels
import Testing

/// Random ensembles on rows at their thresholds: whatever the layout, the bits of the plain walk and
/// of a second one that shares no code with it.
@Suite("Compiled forests")
struct ForestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var profile: NumericProfile
        var seed: UInt64
        var testDescription: String { "\(profile), seed \(seed)" }
    }

    static let cases = NumericProfile.allCases.filter { $0 != .linear }.flatMap { profile in
        [1, 2, 3].map { Case(profile: profile, seed: $0) }
    }

    private func expectEqual(
        _ trees: TreeEnsemble, _ source: inout RandomEnsemble, rows: Int = 60, _ name: String
    ) {
        for choice in LayoutChoice.allCases {
            let model = CompiledModel(trees, layout: choice)
            for _ in 0..<rows {
                let row = source.row()
                #expect(model.layoutAgrees(on: row), "\(name), \(model.layout), \(row)")
                let independent = IndependentWalk(trees: trees).answer(row)
                #expect(
                    model.margins(row).isSame(as: independent.margins),
                    "\(name), \(model.layout), \(row)")
                #expect(
                    model.leaves(row) == independent.leaves, "\(name), \(model.layout), \(row)")
            }
        }
    }

    @Test("one output", arguments: cases)
    func oneOutput(_ test: Case) {
        var source = RandomEnsemble(
            seed: test.seed, profile: test.profile, hasOddThresholds: true)
        let six = source.make(inputs: 6, outputs: 1, trees: 20, depth: 6)
        expectEqual(six, &source, "depth 6")
        for depth in [0, 1, 2, 3, 4, 5, 7, 8, 9, 14] {
            let trees = source.make(inputs: 3, outputs: 1, trees: 9, depth: depth)
            expectEqual(trees, &source, rows: 15, "depth \(depth)")
        }
    }

    @Test("more inputs than narrow words name", arguments: cases)
    func manyInputs(_ test: Case) {
        var source = RandomEnsemble(
            seed: test.seed, profile: test.profile, hasOddThresholds: true)
        for depth in [5, 13] {
            let trees = source.make(inputs: 200, outputs: 1, trees: 19, depth: depth)
            expectEqual(trees, &source, rows: 10, "depth \(depth)")
        }
    }

    @Test("several outputs, by tree and by leaf", arguments: cases)
    func outputs(_ test: Case) {
        var source = RandomEnsemble(
            seed: test.seed, profile: test.profile, hasOddThresholds: true)
        let many = source.make(inputs: 5, outputs: 3, trees: 24, depth: 5)
        expectEqual(many, &source, "by tree")
        guard test.profile != .xgboost else { return }
        let vectors = source.make(inputs: 5, outputs: 3, trees: 10, depth: 5, vectors: true)
        expectEqual(vectors, &source, "by leaf")
    }

    @Test("categories", arguments: cases)
    func categories(_ test: Case) {
        var source = RandomEnsemble(
            seed: test.seed, profile: test.profile, hasOddThresholds: true)
        // Few of them are slots of a row, many take the general walk.
        for (trees, depth) in [(12, 3), (12, 9)] {
            let trees = source.make(
                inputs: 5, outputs: 2, trees: trees, depth: depth, categories: true)
            expectEqual(trees, &source, "depth \(depth)")
        }
    }

    @Test("oblivious trees", arguments: [1, 2, 3] as [UInt64])
    func oblivious(seed: UInt64) {
        var source = RandomEnsemble(
            seed: seed, profile: .catboost, hasOddThresholds: true)
        for outputs in [1, 3] {
            (source.outputs, source.trees, source.categorical) = (outputs, 30, 20)
            source.ending = 90
            let trees = source.oblivious()
            expectEqual(trees, &source, "\(outputs) outputs")
        }
    }

    @Test("linear leaves", arguments: [1, 2, 3] as [UInt64])
    func linear(seed: UInt64) {
        var source = RandomEnsemble(
            seed: seed, profile: .lightgbm, hasOddThresholds: true)
        let trees = source.make(inputs: 4, outputs: 2, trees: 20, depth: 5, linear: true)
        expectEqual(trees, &source, "linear")
    }

    @Test("ranges of iterations and offsets", arguments: cases)
    func ranges(_ test: Case) {
        var source = RandomEnsemble(
            seed: test.seed, profile: test.profile, hasOddThresholds: true)
        let trees = source.make(inputs: 4, outputs: 2, trees: 80, depth: 7)
        let model = CompiledModel(trees)
        for range in [0..<40, 0..<1, 39..<40, 7..<29, 0..<0, 40..<90, 50..<60] {
            let options = RowOptions(offset: [0.5, -1], iterations: range)
            for _ in 0..<10 {
                let row = source.row()
                #expect(model.layoutAgrees(on: row, options), "\(range)")
            }
        }
    }

    @Test("a batch gives the bits of its rows, in both widths", arguments: cases)
    func batch(_ test: Case) {
        var source = RandomEnsemble(
            seed: test.seed, profile: test.profile, hasOddThresholds: true)
        let trees = source.make(inputs: 4, outputs: 2, trees: 300, depth: 6)
        let model = CompiledModel(trees)
        let rows = (0..<150).map { _ in source.row() }
        let stride = 7
        let flat: [Double] = rows.flatMap { $0 + [9, 9, 9] }
        let single = rows.map { model.margins($0) }
        #expect(batch(model, flat, rows.count, stride).isSame(as: single.flatMap { $0 }))
        let narrow = flat.map(Float.init)
        let narrowed = rows.map { model.margins($0.map { Double(Float($0)) }) }
        var margins = [Double](repeating: 0, count: rows.count * 2)
        narrow.withUnsafeBufferPointer { flat in
            margins.withUnsafeMutableBufferPointer {
                model.margins(
                    rows: flat, count: rows.count, stride: stride, .whole, model.makeScratch(),
                    into: $0)
            }
        }
        #expect(margins.isSame(as: narrowed.flatMap { $0 }))
    }

    private func batch(
        _ model: CompiledModel, _ flat: [Double], _ count: Int, _ stride: Int
    ) -> [Double] {
        var margins = [Double](repeating: 0, count: count * model.marginCount)
        flat.withUnsafeBufferPointer { flat in
            margins.withUnsafeMutableBufferPointer {
                model.margins(
                    rows: flat, count: count, stride: stride, .whole, model.makeScratch(),
                    into: $0)
            }
        }
        return margins
    }

    @Test("an input that may not be missing makes the margin no number")
    func refused() {
        var source = RandomEnsemble(
            seed: 4, profile: .forest, hasOddThresholds: true)
        source.required = 5
        let model = CompiledModel(source.make(inputs: 6, outputs: 1, trees: 20, depth: 6))
        var row = [Double](repeating: 0.5, count: 6)
        #expect(!model.margins(row)[0].isNaN)
        row[5] = .nan
        #expect(model.margins(row)[0].isNaN)
    }

    /// Trees of one split each, so that the margin counts the thresholds that are not below the row.
    private func stumps(_ profile: NumericProfile, _ thresholds: [Double]) -> TreeEnsemble {
        var trees = TreeEnsemble(profile: profile, inputCount: 1, outputCount: 1)
        for threshold in thresholds {
            trees.trees.append(
                .init(
                    shape: .binary(firstNode: trees.nodes.count, count: 3), depth: 1, output: 0))
            trees.nodes.append(
                .split(
                    0, profile == .xgboost ? .less : .lessOrEqual, threshold, missing: .left,
                    left: 1, right: 2))
            trees.nodes.append(.leaf(1, number: 0))
            trees.nodes.append(.leaf(0, number: 1))
        }
        return trees
    }

    @Test(
        "a search finds its place among any number of thresholds",
        arguments: [1, 15, 16, 17, 255, 256, 257, 272, 273, 288, 289, 4_096, 4_113, 4_353])
    func searches(count: Int) {
        var random = SplitMix64(seed: UInt64(count))
        let wide = (0..<count).map { Double($0) - Double(count / 2) + 0.5 }
        // All in one step of a key of 32 bits, and of a float32.
        let close = (0..<count).map { 1 + Double($0) * 0x1p-50 }
        for (profile, thresholds) in [
            (NumericProfile.lightgbm, wide), (.lightgbm, close), (.xgboost, wide),
        ] {
            let model = CompiledModel(stumps(profile, thresholds))
            let places =
                [0, 1, 14, 15, 16, 17, count / 2, count - 2, count - 1]
                + (0..<20).map { _ in random.next(below: count) }
            for place in places where thresholds.indices.contains(place) {
                let threshold = thresholds[place]
                let down =
                    profile == .xgboost ? Double(Float(threshold).nextDown) : threshold.nextDown
                let up = profile == .xgboost ? Double(Float(threshold).nextUp) : threshold.nextUp
                for value in [down, threshold, up] {
                    let left = thresholds.count {
                        profile == .xgboost ? Float(value) < Float($0) : value <= $0
                    }
                    #expect(model.margins([value]) == [Double(left)], "\(profile), \(value)")
                }
            }
            #expect(model.margins([.nan]) == [Double(count)])
            #expect(model.margins([.infinity]) == [0])
        }
    }

    @Test("a column of more thresholds than a rank counts is cut into several")
    func manyThresholds() {
        // One chain of 140,000 splits would be too deep: each threshold is a tree.
        let trees = stumps(.lightgbm, (0..<140_000).map(Double.init))
        let model = CompiledModel(trees)
        for value in [
            -1, 0, 0.5, 65_534, 65_534.5, 65_535, 65_536, 65_536.5, 131_071.5, 131_072, 139_999,
            1e9,
        ] {
            let left = 140_000 - min(max(value.rounded(.up), 0), 140_000)
            #expect(model.margins([value]) == [left])
        }
        #expect(model.margins([.nan]) == [140_000])
    }
}
