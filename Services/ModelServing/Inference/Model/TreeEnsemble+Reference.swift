// The plain walk: one tree after the other, every rule spelled out. Each layout must reach its
// leaves and its bits.
extension TreeEnsemble {
    /// Margins and leaves of one row.
    ///
    /// Trees add up in file order; an offset replaces XGBoost's base margin and is added last
    /// elsewhere, as a user of these libraries would.
    ///
    /// - Parameters:
    ///   - row: one value per input; NaN is missing.
    ///   - iterations: the boosting rounds that answer; all of them for nil.
    ///   - offset: one per output.
    ///   - margins: becomes one per output; NaN if an input is missing that may not be.
    ///   - leaves: becomes, for each tree of the range, the number that the library prints.
    public func reference(
        _ row: UnsafeBufferPointer<Double>, iterations: Range<Int>? = nil,
        offset: [Double]? = nil, margins: inout [Double], leaves: inout [Int32]
    ) {
        let range = trees(of: iterations)
        margins = [Double](repeating: 0, count: outputCount)
        leaves.removeAll(keepingCapacity: true)
        let prepared = row.map(profile.prepared)
        prepared.withUnsafeBufferPointer { prepared in
            margins.withUnsafeMutableBufferPointer { margins in
                start(offset, into: margins)
                for tree in trees[range] { leaves.append(add(tree, prepared, to: margins)) }
                finish(margins, trees: range, offset: offset)
            }
        }
        if requiredInputs.contains(where: { row[$0].isNaN }) {
            margins = margins.map { _ in .nan }
        }
    }

    /// What comes before the sum.
    func start(_ offset: [Double]?, into margins: UnsafeMutableBufferPointer<Double>) {
        for output in margins.indices {
            margins[output] = profile == .xgboost ? offset?[output] ?? base[output] : 0
        }
    }

    /// What comes after the sum.
    func finish(
        _ margins: UnsafeMutableBufferPointer<Double>, trees range: Range<Int>, offset: [Double]?
    ) {
        switch profile {
        case .xgboost: return
        case .catboost:
            // The library leaves the bias out if the first tree is.
            for output in margins.indices {
                margins[output] = scale * margins[output]
                if range.lowerBound == 0 { margins[output] += base[output] }
            }
        case .forest where isAveraged:
            let count = Double(max(range.count / max(treesPerIteration, 1), 1))
            for output in margins.indices { margins[output] /= count }
        case .forest, .lightgbm, .linear: break
        }
        if let offset { for output in margins.indices { margins[output] += offset[output] } }
    }

    /// Adds a tree's leaf and returns the leaf's number.
    func add(
        _ tree: Tree, _ row: UnsafeBufferPointer<Double>,
        to margins: UnsafeMutableBufferPointer<Double>
    ) -> Int32 {
        switch tree.shape {
        case .oblivious(_, _, let firstLeaf):
            let leaf = obliviousLeaf(of: tree, row)
            add(firstLeaf + leaf, tree, to: margins)
            return Int32(truncatingIfNeeded: leaf)
        case .binary(let firstNode, _):
            let node = nodes[firstNode + leaf(of: tree, row)]
            if leafWidth > 1 {
                add(Int(node.right), tree, to: margins)
            } else if linearLeaves.isEmpty || node.right < 0 {
                add(node.value, to: &margins[tree.output])
            } else {
                let value = Self.value(of: linearLeaves[Int(node.right)], row)
                add(value, to: &margins[tree.output])
            }
            return node.leaf
        }
    }

    private func add(
        _ leaf: Int, _ tree: Tree, to margins: UnsafeMutableBufferPointer<Double>
    ) {
        if tree.output >= 0 { return add(leafValues[leaf], to: &margins[tree.output]) }
        for output in 0..<leafWidth {
            add(leafValues[leaf * leafWidth + output], to: &margins[output])
        }
    }

    @inline(__always)
    private func add(_ value: Double, to sum: inout Double) {
        sum = profile == .xgboost ? Double(Float(sum) + Float(value)) : sum + value
    }

    /// The leaf's linear function of a prepared row.
    static func value(of leaf: LinearLeaf, _ row: UnsafeBufferPointer<Double>) -> Double {
        var sum = leaf.constant
        for (input, coefficient) in zip(leaf.inputs, leaf.coefficients) {
            let value = row[Int(input)]
            if value.isNaN { return leaf.fallback }
            sum += coefficient * value
        }
        return sum
    }
}

// MARK: Decisions

extension TreeEnsemble {
    /// Index, within its binary tree, of the leaf that a prepared row reaches.
    public func leaf(of tree: Tree, _ row: UnsafeBufferPointer<Double>) -> Int {
        guard case .binary(let firstNode, _) = tree.shape else {
            return obliviousLeaf(of: tree, row)
        }
        var index = 0
        while true {
            let node = nodes[firstNode + index]
            if node.isLeaf { return index }
            index = Int(goesLeft(node, row[Int(node.input)]) ? node.left : node.right)
        }
    }

    func obliviousLeaf(of tree: Tree, _ row: UnsafeBufferPointer<Double>) -> Int {
        guard case .oblivious(let firstLevel, let depth, _) = tree.shape else { return 0 }
        var leaf = 0
        for bit in 0..<depth {
            let level = levels[firstLevel + bit]
            if !goesLeft(level.split, row[Int(level.input)]) { leaf |= 1 << bit }
        }
        return leaf
    }

    /// Whether a value, as `NumericProfile.prepared` leaves it, goes left.
    public func goesLeft(_ node: Node, _ value: Double) -> Bool {
        var value = value
        if node.rule == .hash { return hash(of: value) != Int32(node.value) }
        if node.rule == .listedLeft { return isMarked(value, node.categories) }
        switch node.missing {
        case .left: if value.isNaN { return true }
        case .right, .refused: if value.isNaN { return false }
        case .asZero: if value.isNaN { value = 0 }
        case .zeroLeft:
            if value.isNaN || abs(value) <= NumericProfile.lightgbmZero { return true }
        case .zeroRight:
            if value.isNaN || abs(value) <= NumericProfile.lightgbmZero { return false }
        }
        switch node.rule {
        case .less: return value < node.value
        case .lessOrEqual: return value <= node.value
        case .greater: return !(value > node.value)
        default:
            // XGBoost: range-checked before it is converted; truncated towards zero.
            guard value >= 0, value < 16_777_216 else { return true }
            return !categorySets.lists(UInt32(value), in: node.categories)
        }
    }

    /// LightGBM: truncated towards zero first, so that -0.5 is category 0; missing and whatever does
    /// not fit an int is not listed.
    private func isMarked(_ value: Double, _ set: Int32) -> Bool {
        guard value > -1, value < 2_147_483_648 else { return false }
        return categorySets.marks(UInt32(Int64(value)), in: set)
    }

    /// CatBoost: a category arrives as its code.
    func hash(of code: Double) -> Int32 {
        if code.isNaN { return emptyTextHash }
        guard code >= 0, code < Double(categoryHashes.count) else { return 0 }
        return categoryHashes[Int(code)]
    }
}
