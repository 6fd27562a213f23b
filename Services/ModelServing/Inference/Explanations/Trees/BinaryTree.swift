/// One tree of an ensemble as splits and leaves, whatever shape the file gives it.
struct BinaryTree {
    let nodes: ArraySlice<TreeEnsemble.Node>
    /// Leaves without training rows are common: where nothing is known of either side, both count
    /// the same.
    private let allowsEmptySplits: Bool

    subscript(_ index: Int) -> TreeEnsemble.Node { nodes[nodes.startIndex + index] }

    /// Nil if an oblivious tree's leaves have no covers.
    init?(_ tree: TreeEnsemble.Tree, of ensemble: TreeEnsemble) {
        switch tree.shape {
        case .binary(let first, let count):
            nodes = ensemble.nodes[first..<first + count]
            allowsEmptySplits = false
        case .oblivious(let firstLevel, let depth, let firstLeaf):
            guard ensemble.leafCovers.count >= firstLeaf + 1 << depth else { return nil }
            nodes =
                Self.expand(
                    ensemble.levels[firstLevel..<firstLevel + depth], firstLeaf, ensemble)[...]
            allowsEmptySplits = true
        }
    }

    /// The library takes the last level for the root: leaf numbers then grow from left to right.
    private static func expand(
        _ levels: ArraySlice<TreeEnsemble.Level>, _ firstLeaf: Int, _ ensemble: TreeEnsemble
    ) -> [TreeEnsemble.Node] {
        let inner = 1 << levels.count - 1
        var nodes: [TreeEnsemble.Node] = []
        for (depth, level) in levels.reversed().enumerated() {
            for place in 0..<1 << depth {
                let index = 1 << depth - 1 + place
                var node = level.split
                node.left = Int32(2 * index + 1)
                node.right = Int32(2 * index + 2)
                nodes.append(node)
            }
        }
        for leaf in 0...inner {
            let row = firstLeaf + leaf
            nodes.append(
                .leaf(
                    ensemble.leafWidth == 1 ? ensemble.leafValues[row] : 0, number: Int32(leaf),
                    row: Int32(row), cover: ensemble.leafCovers[row]))
        }
        for index in nodes.indices.prefix(inner).reversed() {
            nodes[index].cover = nodes[2 * index + 1].cover + nodes[2 * index + 2].cover
        }
        return nodes
    }

    /// The share of a split's training rows that went left.
    func leftShare(_ left: TreeEnsemble.Node, _ right: TreeEnsemble.Node) -> Double? {
        let sum = left.cover + right.cover
        if sum > 0 { return left.cover / sum }
        return sum == 0 && allowsEmptySplits ? 0.5 : nil
    }
}
