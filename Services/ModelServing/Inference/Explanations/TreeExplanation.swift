/// One walk over all nodes of a tree, for one row: weights go down, values of subtrees come up.
struct TreeExplanation {
    /// An edge of the open path whose input no later edge has met again.
    private struct Edge {
        var input: Int32
        /// 1 if the row takes all edges of this input on the path, else 0.
        var taken: Double
        /// Share of the training rows that do.
        var share: Double
    }

    private let forest: Forest
    private let quadrature: GaussLegendre
    private let row: [Float]
    private(set) var values: [Double]

    private var path: [Edge] = []
    /// Three vectors of quadrature parts per level: weight C, sum S, factor p of the level's edge.
    private var weights: [Double] = []
    private var sums: [Double] = []
    private var factors: [Double] = []

    init(forest: Forest, quadrature: GaussLegendre, row: [Float], values: [Double]) {
        self.forest = forest
        self.quadrature = quadrature
        self.row = row
        self.values = values
        let parts = (forest.depth + 1) * quadrature.nodes.count
        weights = [Double](repeating: 0, count: parts)
        sums = weights
        factors = weights
        path.reserveCapacity(forest.depth + 1)
    }

    mutating func add(_ tree: Forest.Tree) {
        for part in quadrature.nodes.indices { weights[part] = quadrature.weights[part] }
        visit(tree, 0, level: 0)
    }

    /// Leaves S of the node at `level` in `sums`. Recursion is as deep as the tree, which the
    /// loader limits.
    private mutating func visit(_ tree: Forest.Tree, _ index: Int, level: Int) {
        let parts = quadrature.nodes.count
        let here = level * parts
        let node = forest.nodes[tree.firstNode + index]
        if node.isLeaf {
            for part in 0..<parts { sums[here + part] = Double(node.value) }
            return
        }
        for part in 0..<parts { sums[here + part] = 0 }
        let goesLeft = forest.goesLeft(node, row[Int(node.input)])
        let left = Double(forest.nodes[tree.firstNode + Int(node.left)].cover)
        let right = Double(forest.nodes[tree.firstNode + Int(node.right)].cover)
        let total = left + right
        descend(tree, node, Int(node.left), taken: goesLeft, share: left / total, level)
        descend(tree, node, Int(node.right), taken: !goesLeft, share: right / total, level)
    }

    private mutating func descend(
        _ tree: Forest.Tree, _ node: Forest.Node, _ child: Int, taken: Bool, share: Double,
        _ level: Int
    ) {
        let above = path.lastIndex { $0.input == node.input }
        let earlier = above.map { path[$0] }
        let edge = Edge(
            input: node.input, taken: (earlier?.taken ?? 1) * (taken ? 1 : 0),
            share: (earlier?.share ?? 1) * share)
        // No row of the training data and not this one: nothing below counts.
        if edge.taken == 0 && edge.share == 0 { return }
        let parts = quadrature.nodes.count
        let (here, below) = (level * parts, (level + 1) * parts)
        for part in 0..<parts {
            let t = quadrature.nodes[part]
            let factor = t * edge.taken + (1 - t) * edge.share
            let before = earlier.map { t * $0.taken + (1 - t) * $0.share } ?? 1
            // For an input met above, the earlier factor is replaced.
            factors[below + part] = factor / before
            weights[below + part] = weights[here + part] * factors[below + part]
        }
        path.append(edge)
        visit(tree, child, level: level + 1)
        path.removeLast()
        var gain = 0.0
        for part in 0..<parts {
            let sum = sums[below + part]
            let factor = factors[below + part]
            sums[here + part] += factor * sum
            if let earlier {
                let t = quadrature.nodes[part]
                let before = t * earlier.taken + (1 - t) * earlier.share
                let change =
                    (edge.taken - edge.share) - (earlier.taken - earlier.share) * factor
                gain += weights[here + part] / before * sum * change
            } else {
                gain += weights[here + part] * sum * (edge.taken - edge.share)
            }
        }
        values[Int(node.input)] += gain
    }
}
