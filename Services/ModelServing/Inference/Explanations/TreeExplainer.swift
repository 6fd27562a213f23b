internal import Numerics

/// Path-dependent TreeSHAP (Lundberg et al. 2020) in float64: what each input added to the margin
/// of one row.
///
/// A leaf's weight in the Shapley sum is the integral over t in [0, 1] of a product with one factor
/// `t·o + (1 - t)·z` for each distinct input on its path: o = 1 if the row takes the edge, else 0;
/// z = the share of the training rows that took it. Gauss–Legendre nodes make the integral exact,
/// and the factors stay positive, so nothing of the classic algorithm's unwinding can lose digits.
public struct TreeExplainer: Sendable {
    /// Attributions of one output; `values` and `base` add up to the margin.
    public struct Attributions: Sendable, Hashable {
        /// The margin when nothing is known of the row.
        public var base: Double
        /// One per input, in margin units.
        public var values: [Double]
    }

    private let forest: Forest
    private let quadrature: GaussLegendre
    /// Mean leaf of each tree, weighted by cover.
    private let means: [Double]
    /// For each split, the share of the training rows that went left.
    private let leftShares: [Double]

    /// Nil if covers are absent, or a split has no rows on either side.
    init?(_ forest: Forest) {
        var distinct = 1
        var means: [Double] = []
        var shares = [Double](repeating: 0, count: forest.nodes.count)
        for tree in forest.trees {
            guard let shape = Self.measure(forest, tree, &shares) else { return nil }
            distinct = max(distinct, shape.distinctInputs)
            means.append(shape.mean)
        }
        self.forest = forest
        self.means = means
        leftShares = shares
        quadrature = GaussLegendre(count: (distinct + 1) / 2)
    }

    /// - Returns: nil if the parts do not add up to the margin within 1e-9, which no valid model
    ///   shows.
    public func attributions(_ row: [Float], output: Int = 0) -> Attributions? {
        precondition(row.count == forest.inputCount && output < forest.outputCount)
        var values = [Double](repeating: 0, count: row.count)
        walk(row, output, &values)
        var base = Double(forest.baseMargins[output])
        var reached = base
        row.withUnsafeBufferPointer { row in
            for (tree, mean) in zip(forest.trees, means) where tree.output == output {
                base += mean
                let leaf = forest.leaf(of: tree, row: row)
                reached += Double(forest.nodes[tree.firstNode + leaf].value)
            }
        }
        let sum = values.reduce(base, +)
        guard abs(sum - reached) <= 1e-9 * max(1, abs(reached)) else { return nil }
        return Attributions(base: base, values: values)
    }

    private func walk(_ row: [Float], _ output: Int, _ values: inout [Double]) {
        let levels = forest.depth + 1
        let perLevel = levels * quadrature.nodes.count
        var scratch = [Double](repeating: 0, count: 3 * perLevel + 2 * levels + row.count)
        var lastLevel = [Int](repeating: 0, count: row.count)
        scratch.withUnsafeMutableBufferPointer { scratch in
            lastLevel.withUnsafeMutableBufferPointer { lastLevel in
                guard let start = scratch.baseAddress, let last = lastLevel.baseAddress else {
                    return
                }
                let levelData = start + 3 * perLevel
                let walk = TreeExplanation(
                    forest: forest, leftShares: leftShares, row: row, points: quadrature.nodes,
                    taken: levelData, shares: levelData + levels, lastLevel: last, weights: start,
                    sums: start + perLevel, factors: start + 2 * perLevel,
                    values: levelData + 2 * levels)
                for (part, weight) in quadrature.weights.enumerated() { start[part] = weight }
                for tree in forest.trees where tree.output == output { walk.add(tree) }
                for input in row.indices { values[input] = walk.values[input] }
            }
        }
    }

    private static func measure(
        _ forest: Forest, _ tree: Forest.Tree, _ shares: inout [Double]
    ) -> (distinctInputs: Int, mean: Double)? {
        var mean = 0.0
        var most = 0
        // Inputs of the open path, with how often each was met.
        var met: [Int32: Int] = [:]
        enum Step {
            case enter(Int, Double)
            case leave(Int32)
        }
        var open: [Step] = [.enter(0, 1)]
        while let step = open.popLast() {
            switch step {
            case .leave(let input):
                let count = (met[input] ?? 1) - 1
                met[input] = count == 0 ? nil : count
            case .enter(let index, let weight):
                let node = forest.nodes[tree.firstNode + index]
                if node.isLeaf {
                    mean += weight * Double(node.value)
                    most = max(most, met.count)
                    continue
                }
                let left = Double(forest.nodes[tree.firstNode + Int(node.left)].cover)
                let right = Double(forest.nodes[tree.firstNode + Int(node.right)].cover)
                guard left + right > 0 else { return nil }
                shares[tree.firstNode + index] = left / (left + right)
                met[node.input, default: 0] += 1
                open.append(.leave(node.input))
                open.append(.enter(Int(node.left), weight * (left / (left + right))))
                open.append(.enter(Int(node.right), weight * (right / (left + right))))
            }
        }
        return (most, mean)
    }
}
