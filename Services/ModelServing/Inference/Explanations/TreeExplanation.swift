/// One walk over all nodes of a tree, for one row: weights go down, values of subtrees come up.
///
/// The pointers are into buffers that `TreeExplainer` holds for the time of the walk: `lastLevel` and
/// `values` have one element per input, `taken` and `shares` one per level, `weights`, `sums` and
/// `factors` one per level and quadrature point. Levels run from 0 to the forest's depth, which the
/// loader limits.
struct TreeExplanation {
    let forest: Forest
    /// Share of the training rows that each split sends left.
    let leftShares: [Double]
    let row: [Float]
    /// Quadrature points.
    let points: [Double]

    /// For the edge into each level of the open path: 1 if the row takes all edges of its input so
    /// far, else 0; and the share of the training rows that do.
    let taken: UnsafeMutablePointer<Double>
    let shares: UnsafeMutablePointer<Double>
    /// The level of the newest open edge of each input, or 0.
    let lastLevel: UnsafeMutablePointer<Int>
    /// C, S and the edge's factor of the explainer's formula.
    let weights: UnsafeMutablePointer<Double>
    let sums: UnsafeMutablePointer<Double>
    let factors: UnsafeMutablePointer<Double>
    /// What each input added.
    let values: UnsafeMutablePointer<Double>

    /// The caller has set the weights of level 0 to those of the quadrature.
    func add(_ tree: Forest.Tree) {
        guard !forest.nodes[tree.firstNode].isLeaf else { return }
        visit(tree.firstNode, first: tree.firstNode, level: 0)
    }

    /// Leaves S of a split at `level` in `sums`.
    private func visit(_ index: Int, first: Int, level: Int) {
        let parts = points.count
        let node = forest.nodes[index]
        let here = sums + level * parts
        for part in 0..<parts { here[part] = 0 }
        let goesLeft = forest.goesLeft(node, row[Int(node.input)])
        let leftShare = leftShares[index]
        let input = Int(node.input)
        descend(
            first + Int(node.left), first, input, taken: goesLeft, share: leftShare, level)
        descend(
            first + Int(node.right), first, input, taken: !goesLeft, share: 1 - leftShare, level)
    }

    private func descend(
        _ child: Int, _ first: Int, _ input: Int, taken isTaken: Bool, share: Double, _ level: Int
    ) {
        let earlier = lastLevel[input]
        let (takenBefore, shareBefore) = earlier == 0 ? (1, 1) : (taken[earlier], shares[earlier])
        let taken = isTaken ? takenBefore : 0
        let share = shareBefore * share
        // No row of the training data and not this one: nothing below counts.
        if taken == 0 && share == 0 { return }
        let parts = points.count
        let below = level + 1
        let (here, there) = (level * parts, below * parts)
        for part in 0..<parts {
            let t = points[part]
            var factor = t * taken + (1 - t) * share
            // For an input met above, the earlier factor is replaced.
            if earlier != 0 { factor /= t * takenBefore + (1 - t) * shareBefore }
            factors[there + part] = factor
        }
        let node = forest.nodes[child]
        if node.isLeaf {
            let value = Double(node.value)
            for part in 0..<parts { sums[there + part] = value }
        } else {
            for part in 0..<parts {
                weights[there + part] = weights[here + part] * factors[there + part]
            }
            self.taken[below] = taken
            shares[below] = share
            lastLevel[input] = below
            visit(child, first: first, level: below)
            lastLevel[input] = earlier
        }
        var gain = 0.0
        let change = taken - share
        for part in 0..<parts {
            let (sum, factor) = (sums[there + part], factors[there + part])
            sums[here + part] += factor * sum
            if earlier == 0 {
                gain += weights[here + part] * sum * change
            } else {
                let t = points[part]
                let before = t * takenBefore + (1 - t) * shareBefore
                gain +=
                    weights[here + part] / before * sum
                    * (change - (takenBefore - shareBefore) * factor)
            }
        }
        values[input] += gain
    }
}
