internal import Numerics

/// Path-dependent TreeSHAP (Lundberg et al. 2020) in float64, exact: what each input added to the
/// margin of one row.
///
/// A leaf's weight in the Shapley sum is the integral over t in [0, 1] of a product with one factor
/// `t·o + (1 - t)·z` for each distinct input on its path: o = 1 if the row takes the edge, else 0;
/// z = the share of the training rows that took it. Gauss–Legendre points make the integral exact,
/// and the factors stay positive, so nothing of the classic algorithm's unwinding can lose digits.
/// Every point is on its own, so that points lie side by side in vectors.
public struct TreeExplainer: Explainer {
    private enum Points: Sendable {
        case none
        case two(points: TwoLanes, weights: TwoLanes)
        case four(points: FourLanes, weights: FourLanes)
        /// Eight at a time.
        case many([(points: EightLanes, weights: EightLanes)])
    }

    private let ensemble: TreeEnsemble
    private let fallsWithRisk: Bool
    private let forest: ShapleyForest
    private let required: [Int]
    /// By the number of distinct inputs.
    private let points: [Points]

    /// Nil if the file does not say how many training rows met each node, a split met none, or
    /// leaves are functions.
    ///
    /// - Parameter fallsWithRisk: a lower margin means more of the positive class.
    public init?(_ ensemble: TreeEnsemble, fallsWithRisk: Bool = false) {
        guard let forest = ShapleyForest(ensemble) else { return nil }
        self.ensemble = ensemble
        self.fallsWithRisk = fallsWithRisk
        self.forest = forest
        required = ensemble.requiredInputs.sorted()
        let counts = Set(forest.trees.map(\.distinctInputs))
        points = (0...(counts.max() ?? 0)).map { counts.contains($0) ? Self.points($0) : .none }
    }

    /// The most splits on a path.
    var depth: Int { forest.depth }

    public var method: Attributions.Method { .treeShap }

    public var byteCount: Int { forest.byteCount }

    public func makeScratch() -> ExplainScratch {
        ExplainScratch(
            slots: forest.slots.count, inputs: ensemble.inputCount, levels: forest.depth)
    }

    /// The product has one factor per distinct input but the one it is for, so half as many points
    /// make the integral exact.
    private static func points(_ distinctInputs: Int) -> Points {
        guard distinctInputs > 0 else { return .none }
        let count = (distinctInputs + 1) / 2
        let rule = GaussLegendre(count: count)
        let lanes = count <= 2 ? 2 : count <= 4 ? 4 : (count + 7) / 8 * 8
        // A point without weight fills up the last vector.
        let filling = lanes - count
        let points = rule.nodes + [Double](repeating: 0.5, count: filling)
        let weights = rule.weights + [Double](repeating: 0, count: filling)
        switch lanes {
        case 2: return .two(points: TwoLanes(points), weights: TwoLanes(weights))
        case 4: return .four(points: FourLanes(points), weights: FourLanes(weights))
        default:
            return .many(
                stride(from: 0, to: lanes, by: 8).map {
                    (EightLanes(points[$0..<$0 + 8]), EightLanes(weights[$0..<$0 + 8]))
                })
        }
    }

    public func explain(
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions,
        scratch: ExplainScratch
    ) throws(ExplanationError) -> Attributions {
        precondition(row.count == ensemble.inputCount && output < ensemble.outputCount)
        precondition(
            scratch.slots.count == forest.slots.count && scratch.sums.count == row.count
                && scratch.taken.count == forest.depth, "the scratch was made for another model")
        if let input = required.first(where: { row[$0].isNaN }) { throw .missingInput(input) }
        let range = ensemble.trees(of: options.iterations)
        forest.slots.fill(scratch.slots, from: row, ensemble)
        scratch.sums.update(repeating: .zero)
        add(range, output, scratch)

        let start = start(output, range, options.offset)
        let scale = scale(range)
        let leaves = leaves(range, output, scratch, start: start)
        let values = scratch.sums.map { ($0.x + $0.y) * scale }
        let base = start + leaves.mean * scale
        let reached = start + leaves.reached * scale
        guard reached.isFinite else { throw .notFinite }
        let total = values.reduce(base, +)
        guard abs(total - reached) <= 1e-9 * max(1, abs(start) + leaves.magnitude * scale) else {
            throw .notAdditive(difference: total - reached)
        }
        let margin = ensemble.profile == .xgboost ? Double(leaves.single) : reached
        return Attributions(
            base: base, values: values, rounding: margin - total, method: .treeShap,
            exactness: .exact, space: .margin, fallsWithRisk: fallsWithRisk)
    }

    /// Adds what each input gains in the trees of a range.
    private func add(_ range: Range<Int>, _ output: Int, _ scratch: ExplainScratch) {
        forest.nodes.withUnsafeBufferPointer { nodes in
            forest.repeats.withUnsafeBufferPointer { repeats in
                forest.leafValues.withUnsafeBufferPointer { leaves in
                    let first = firstLeaf(output)
                    let row = ShapleyRow(
                        nodes: nodes, repeats: repeats,
                        leaves: .init(rebasing: leaves[first..<first + forest.leafCount]),
                        slots: scratch.slots, sums: scratch.sums, taken: scratch.taken)
                    for tree in forest.trees[range] where counts(tree, output) {
                        add(tree, row)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func add(_ tree: ShapleyForest.Tree, _ row: ShapleyRow) {
        let root = tree.nodes.lowerBound
        switch points[tree.distinctInputs] {
        case .none: return
        case .two(let points, let weights):
            _ = ShapleyWalk(row: row, points: points).visit(root, weights)
        case .four(let points, let weights):
            _ = ShapleyWalk(row: row, points: points).visit(root, weights)
        case .many(let groups):
            for group in groups {
                _ = ShapleyWalk(row: row, points: group.points).visit(root, group.weights)
            }
        }
    }

    // MARK: Sums of leaves

    private func counts(_ tree: ShapleyForest.Tree, _ output: Int) -> Bool {
        tree.output == output || tree.output < 0
    }

    private func firstLeaf(_ output: Int) -> Int {
        ensemble.leafWidth > 1 ? output * forest.leafCount : 0
    }

    private struct LeafSums {
        /// Means by cover.
        var mean = 0.0
        /// The reached leaves, and the sum of their magnitudes.
        var reached = 0.0
        var magnitude = 0.0
        /// The reached leaves in float32, from the start on.
        var single: Float
    }

    private func leaves(
        _ range: Range<Int>, _ output: Int, _ scratch: ExplainScratch, start: Double
    ) -> LeafSums {
        var sums = LeafSums(single: Float(start))
        let first = firstLeaf(output)
        let (width, place) = ensemble.leafWidth > 1 ? (ensemble.leafWidth, output) : (1, 0)
        for index in range {
            let tree = forest.trees[index]
            guard counts(tree, output) else { continue }
            let leaf = forest.leafValues[first + forest.leaf(of: tree, scratch.slots)]
            sums.mean += forest.means[index * width + place]
            sums.reached += leaf
            sums.magnitude += abs(leaf)
            sums.single += Float(leaf)
        }
        return sums
    }

    /// What the margin has besides the trees.
    private func start(_ output: Int, _ range: Range<Int>, _ offset: [Double]?) -> Double {
        switch ensemble.profile {
        case .xgboost: offset?[output] ?? ensemble.base[output]
        case .catboost:
            (range.lowerBound == 0 ? ensemble.base[output] : 0) + (offset?[output] ?? 0)
        case .lightgbm, .forest, .linear: offset?[output] ?? 0
        }
    }

    /// What the trees' sum is multiplied with. LightGBM's raw margin stays the sum.
    private func scale(_ range: Range<Int>) -> Double {
        switch ensemble.profile {
        case .catboost: ensemble.scale
        case .forest where ensemble.isAveraged:
            1 / Double(max(range.count / max(ensemble.treesPerIteration, 1), 1))
        case .forest, .xgboost, .lightgbm, .linear: 1
        }
    }
}
