import Inference

/// What a library answers, written a second time from its rules and without any of the engine's
/// code but the data, so that a mistake that `reference` and the layouts share does not hide.
struct IndependentWalk {
    let trees: TreeEnsemble

    func answer(_ row: [Double]) -> (margins: [Double], leaves: [Int32]) {
        var singles = trees.base.map { Float($0) }
        var doubles = [Double](repeating: 0, count: trees.outputCount)
        var leaves: [Int32] = []
        for tree in trees.trees {
            let (values, leaf) = leaf(tree, row)
            leaves.append(leaf)
            for (index, value) in values.enumerated() {
                let output = tree.output < 0 ? index : tree.output
                singles[output] += Float(value)
                doubles[output] += value
            }
        }
        if row.indices.contains(where: { row[$0].isNaN && mayNotMiss($0) }) {
            return (doubles.map { _ in .nan }, leaves)
        }
        switch trees.profile {
        case .xgboost: return (singles.map(Double.init), leaves)
        case .catboost:
            return (zip(doubles, trees.base).map { trees.scale * $0 + $1 }, leaves)
        case .forest:
            let count = Double(trees.trees.count / trees.treesPerIteration)
            return (doubles.map { $0 / count }, leaves)
        case .lightgbm, .linear: return (doubles, leaves)
        }
    }

    private func mayNotMiss(_ input: Int) -> Bool {
        trees.nodes.contains { $0.left >= 0 && $0.input == input && $0.missing == .refused }
    }

    private func leaf(_ tree: TreeEnsemble.Tree, _ row: [Double]) -> ([Double], Int32) {
        switch tree.shape {
        case .oblivious(let firstLevel, let depth, let firstLeaf):
            var leaf = 0
            for (bit, level) in trees.levels[firstLevel..<firstLevel + depth].enumerated() {
                let isRight =
                    level.rule == .hash
                    ? hash(row[Int(level.input)]) == level.hash
                    : isAbove(row[Int(level.input)], level.border, level.missing)
                if isRight { leaf += 1 << bit }
            }
            let first = (firstLeaf + leaf) * trees.leafWidth
            return (Array(trees.leafValues[first..<first + trees.leafWidth]), Int32(leaf))
        case .binary(let firstNode, _):
            return leaf(firstNode, firstNode, row)
        }
    }

    private func leaf(_ first: Int, _ index: Int, _ row: [Double]) -> ([Double], Int32) {
        let node = trees.nodes[index]
        if node.left >= 0 {
            let isLeft = goesLeft(node, row[Int(node.input)])
            return leaf(first, first + Int(isLeft ? node.left : node.right), row)
        }
        if trees.leafWidth > 1 {
            let start = Int(node.right) * trees.leafWidth
            return (Array(trees.leafValues[start..<start + trees.leafWidth]), node.leaf)
        }
        guard !trees.linearLeaves.isEmpty, node.right >= 0 else { return ([node.value], node.leaf) }
        let function = trees.linearLeaves[Int(node.right)]
        let known = function.inputs.map { zeroed(row[Int($0)]) }
        if known.contains(where: \.isNaN) { return ([function.fallback], node.leaf) }
        var sum = function.constant
        for (value, factor) in zip(known, function.coefficients) { sum += factor * value }
        return ([sum], node.leaf)
    }

    // MARK: The libraries' rules

    private func goesLeft(_ node: TreeEnsemble.Node, _ value: Double) -> Bool {
        switch trees.profile {
        case .xgboost:
            // predict_fn.h and categorical.h
            let value = Float(value)
            if value.isNaN { return node.missing == .left }
            if node.rule != .listedRight { return value < Float(node.value) }
            if value < 0 || value >= 16_777_216 { return true }
            return !members(node).contains(UInt32(value))
        case .lightgbm, .linear: return lightGBMGoesLeft(node, value)
        case .catboost:
            if node.rule == .hash { return hash(value) != Int32(node.value) }
            return !isAbove(value, node.value, node.missing)
        case .forest:
            // sklearn/tree/_tree.pyx: X is float32, the threshold float64.
            if node.rule == .listedRight {
                let value = Double(Float(value))
                if value.isNaN { return node.missing == .left }
                return value < 0 || value >= 16_777_216 || !members(node).contains(UInt32(value))
            }
            if value.isNaN { return node.missing == .left }
            return Double(Float(value)) <= node.value
        }
    }

    /// tree.h: NumericalDecision and CategoricalDecision.
    private func lightGBMGoesLeft(_ node: TreeEnsemble.Node, _ given: Double) -> Bool {
        let value = zeroed(given)
        if node.rule == .listedLeft {
            if value.isNaN || abs(value) >= 2_147_483_648 { return false }
            let category = Int(value.rounded(.towardZero))
            let bits = members(node)
            guard category >= 0, category / 32 < bits.count else { return false }
            return bits[category / 32] & 1 << UInt32(category % 32) != 0
        }
        switch node.missing {
        case .asZero: return (value.isNaN ? 0 : value) <= node.value
        case .zeroLeft where value.isNaN || value == 0: return true
        case .zeroRight where value.isNaN || value == 0: return false
        case .left where value.isNaN: return true
        case .right where value.isNaN, .refused where value.isNaN: return false
        default: return value <= node.value
        }
    }

    private func zeroed(_ value: Double) -> Double {
        guard trees.profile == .lightgbm, abs(value) <= 0x1.a95a5c0000000p-117 else { return value }
        return 0
    }

    /// CatBoost: a float32 against a border.
    private func isAbove(
        _ value: Double, _ border: Double, _ missing: TreeEnsemble.Missing
    ) -> Bool {
        Float(value).isNaN ? missing != .left : Float(value) > Float(border)
    }

    /// A code is a value of the row like all others: a float32.
    private func hash(_ value: Double) -> Int32 {
        let code = Double(Float(value))
        if code.isNaN { return trees.emptyTextHash }
        let known = trees.categoryHashes
        return code < 0 || code >= Double(known.count) ? 0 : known[Int(code)]
    }

    private func members(_ node: TreeEnsemble.Node) -> [UInt32] {
        Array(trees.categorySets.members(of: node.categories))
    }
}

extension [Double] {
    /// The same bits, or no number in the same places.
    func isSame(as other: [Double]) -> Bool {
        count == other.count
            && zip(self, other).allSatisfy {
                $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN
            }
    }
}
