/// The shape of a drawn binary tree: mostly one, now and then one with a fault.
struct TreeDraft {
    /// -1 in a leaf.
    var left: [Int] = [-1]
    var right: [Int] = [-1]

    init(_ source: inout ByteSource) {
        for _ in 0..<source.below(9) {
            let leaves = left.indices.filter { left[$0] < 0 }
            let split = source.pick(leaves)
            (left[split], right[split]) = (left.count, left.count + 1)
            left += [-1, -1]
            right += [-1, -1]
        }
        guard source.rarely() else { return }
        let node = source.below(count)
        let child = [-2, -1, 0, count, node, Int(Int32.max), source.below(count)][source.below(7)]
        if source.flag() { left[node] = child } else { right[node] = child }
    }

    var count: Int { left.count }

    func isLeaf(_ node: Int) -> Bool { left[node] < 0 }

    /// For each node its number among the splits, or the complement of its number among the leaves:
    /// how LightGBM names children.
    var complements: [Int] {
        var (splits, leaves) = (0, 0)
        return left.indices.map { node in
            if isLeaf(node) {
                leaves += 1
                return -leaves
            }
            splits += 1
            return splits - 1
        }
    }
}
