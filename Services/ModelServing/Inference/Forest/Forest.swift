/// Decision trees whose leaves are added up: the logical form, as the file states it, checked.
public struct Forest: Sendable {
    /// A split, or a leaf if it has no children. Indices are relative to the tree and are the
    /// file's own.
    struct Node: Sendable {
        /// -1 in a leaf.
        var left: Int32
        var right: Int32
        var input: Int32
        /// Threshold of a split, value of a leaf.
        var value: Float
        /// Rows (weighted by their second derivative) that came by in training; NaN if the file
        /// does not say.
        var cover: Float
        /// Index into `categorySets`, or -1 for a comparison with `value`.
        var categories: Int32
        var missingGoesLeft: Bool

        var isLeaf: Bool { left < 0 }
    }

    struct Tree: Sendable {
        var firstNode: Int
        var nodeCount: Int
        var depth: Int
        var output: Int
    }

    public internal(set) var inputCount: Int
    public internal(set) var outputCount: Int
    /// Where each output's sum starts.
    public internal(set) var baseMargins: [Float]
    var trees: [Tree] = []
    var nodes: [Node] = []
    /// Sorted categories that go right.
    var categorySets: [[Int32]] = []

    public var treeCount: Int { trees.count }
    public var nodeCount: Int { nodes.count }
    public var depth: Int { trees.lazy.map(\.depth).max() ?? 0 }
    public var hasCategoricalSplits: Bool { !categorySets.isEmpty }
}

// MARK: Reference evaluation

extension Forest {
    /// Index, within its tree, of the leaf that `row` reaches. The plain walk that every other
    /// layout must equal.
    func leaf(of tree: Tree, row: UnsafeBufferPointer<Float>) -> Int {
        var index = 0
        while true {
            let node = nodes[tree.firstNode + index]
            if node.isLeaf { return index }
            index = Int(goesLeft(node, row[Int(node.input)]) ? node.left : node.right)
        }
    }

    /// XGBoost's decision: a missing value takes the default side, a listed category goes right, a
    /// number goes left if it is below the threshold.
    @inline(__always)
    func goesLeft(_ node: Node, _ value: Float) -> Bool {
        if value.isNaN { return node.missingGoesLeft }
        if node.categories < 0 { return value < node.value }
        // Range-checked before it is converted; truncated towards zero.
        guard value >= 0, value < 16_777_216 else { return true }
        return !contains(categorySets[Int(node.categories)], Int32(value))
    }

    private func contains(_ sorted: [Int32], _ category: Int32) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < category { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == category
    }

    /// Adds the leaves that `row` reaches to `margins`, in tree order, in float32.
    func addLeaves(
        of row: UnsafeBufferPointer<Float>, to margins: UnsafeMutableBufferPointer<Float>
    ) {
        for tree in trees {
            margins[tree.output] += nodes[tree.firstNode + leaf(of: tree, row: row)].value
        }
    }
}

extension Forest {
    /// XGBoost's trees of numbers, narrowed to the width that they have.
    init(_ ensemble: TreeEnsemble) {
        self.init(
            inputCount: ensemble.inputCount, outputCount: ensemble.outputCount,
            baseMargins: ensemble.base.map { Float($0) })
        categorySets = (0..<ensemble.categorySets.count).map { set in
            ensemble.categorySets.members(of: Int32(set)).map { Int32(bitPattern: $0) }
        }
        nodes = ensemble.nodes.map { node in
            Node(
                left: node.left, right: node.right, input: node.input, value: Float(node.value),
                cover: Float(node.cover), categories: node.categories,
                missingGoesLeft: node.missing == .left)
        }
        for tree in ensemble.trees {
            guard case .binary(let first, let count) = tree.shape else { continue }
            trees.append(
                Tree(firstNode: first, nodeCount: count, depth: tree.depth, output: tree.output))
        }
    }
}
