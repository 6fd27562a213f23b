/// What a walk reads and writes. The memory belongs to `TreeExplainer` and its scratch, which hold
/// it for the time of the walk.
struct ShapleyRow {
    let nodes: UnsafeBufferPointer<ShapleyForest.Node>
    let repeats: UnsafeBufferPointer<ShapleyForest.Repeat>
    /// Values of the leaves for the output that is explained.
    let leaves: UnsafeBufferPointer<Double>
    let slots: UnsafeMutableBufferPointer<Double>
    /// What each input gained, in two halves.
    let sums: UnsafeMutableBufferPointer<SIMD2<Double>>
    /// For each level of the open path, whether the row takes all edges of that level's input.
    let taken: UnsafeMutableBufferPointer<Bool>

    @inline(__always)
    func goesLeft(_ node: ShapleyForest.Node) -> Bool { slots[Int(node.slot)] < node.threshold }
}

/// One tree for one row at some quadrature points: weights go down, values of subtrees come up.
///
/// At a point t, a split whose left child has the share z of the training rows sends the part
/// `p = z + t (o - z)` of its weight C left, o = 1 if the row goes left and else 0, and the rest
/// right: the two factors of a split add up to 1, so one product serves both edges. With S the
/// value of a subtree and D = S(left) - S(right), the split's value is `S(right) + p D`, and its
/// input gains `(o - z) Σ C D`.
///
/// For an input met above with the share z₀, the factor p₀ from there is replaced. If the row left
/// the path there (o₀ = 0), the split is an average, `p = z`, and nothing is gained. Else
/// `p₀ = z₀ + t (1 - z₀)`, the part is `p = (z₀ z + t (o - z₀ z)) / p₀`, and the gain
/// `z₀ (o - z) Σ C D / p₀²`.
struct ShapleyWalk<Lanes: QuadratureLanes> {
    let row: ShapleyRow
    let points: Lanes

    /// - Parameter weights: C.
    /// - Returns: S.
    func visit(_ index: Int, _ weights: Lanes) -> Lanes {
        let node = row.nodes[index]
        if node.again >= 0 { return visitAgain(node, index, weights) }
        let left = row.goesLeft(node)
        let change = (left ? 1 : 0) - node.leftShare
        let factor = points * change + Lanes(repeating: node.leftShare)
        let below = descend(node, index, weights, factor, left: left, right: !left)
        row.sums[Int(node.input)] += (weights * below.difference).folded * change
        return below.right + factor * below.difference
    }

    private func visitAgain(
        _ node: ShapleyForest.Node, _ index: Int, _ weights: Lanes
    ) -> Lanes {
        let earlier = row.repeats[Int(node.again)]
        guard row.taken[earlier.level] else {
            let factor = Lanes(repeating: node.leftShare)
            let below = descend(node, index, weights, factor, left: false, right: false)
            return below.right + factor * below.difference
        }
        let left = row.goesLeft(node)
        let taken = left ? 1.0 : 0
        let share = earlier.share * node.leftShare
        let inverse =
            Lanes(repeating: 1)
            / (points * (1 - earlier.share) + Lanes(repeating: earlier.share))
        let factor = (points * (taken - share) + Lanes(repeating: share)) * inverse
        let below = descend(node, index, weights, factor, left: left, right: !left)
        let gain = (weights * inverse * inverse * below.difference).folded
        row.sums[Int(node.input)] += gain * (earlier.share * (taken - node.leftShare))
        return below.right + factor * below.difference
    }

    /// S of the right child, and D.
    ///
    /// - Parameters:
    ///   - left: whether the row takes the left edge and all earlier ones of its input.
    ///   - right: likewise.
    @inline(__always)
    private func descend(
        _ node: ShapleyForest.Node, _ index: Int, _ weights: Lanes, _ factor: Lanes,
        left: Bool, right: Bool
    ) -> (right: Lanes, difference: Lanes) {
        let level = Int(node.level)
        let leaf = Int(node.leaf)
        switch node.leaves {
        case .both:
            let (left, right) = (row.leaves[leaf], row.leaves[leaf + 1])
            return (Lanes(repeating: right), Lanes(repeating: left - right))
        case .left:
            row.taken[level] = right
            let right = subtree(Int(node.right), weights - weights * factor)
            return (right, Lanes(repeating: row.leaves[leaf]) - right)
        case .right:
            row.taken[level] = left
            let right = Lanes(repeating: row.leaves[leaf])
            return (right, subtree(index + 1, weights * factor) - right)
        case .none:
            let weightsLeft = weights * factor
            row.taken[level] = left
            let left = subtree(index + 1, weightsLeft)
            row.taken[level] = right
            let right = subtree(Int(node.right), weights - weightsLeft)
            return (right, left - right)
        }
    }

    /// As `visit`; a split above two leaves, which every other one is, needs no call.
    @inline(__always)
    private func subtree(_ index: Int, _ weights: Lanes) -> Lanes {
        let node = row.nodes[index]
        guard node.leaves == .both, node.again < 0 else { return visit(index, weights) }
        let leaf = Int(node.leaf)
        let right = row.leaves[leaf + 1]
        let difference = row.leaves[leaf] - right
        let gain = ((row.goesLeft(node) ? 1 : 0) - node.leftShare) * difference
        row.sums[Int(node.input)] += weights.folded * gain
        return points * gain + Lanes(repeating: right + node.leftShare * difference)
    }
}
