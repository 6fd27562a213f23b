/// Trees padded to full ones, breadth-first, so that a node's children need not be stored: node i
/// has 2i and 2i + 1. Node 1 is the root; eight trees of one depth walk together without a branch
/// that depends on data.
struct PerfectLayout: Sendable {
    static let largestDepth = 8
    static let largestPadding = 4
    static let width = 8

    struct Node: Sendable {
        var threshold: Float
        var slot: UInt32
    }

    private struct Group: Sendable {
        var firstNode: Int
        var firstLeaf: Int
        var depth: Int
        var trees: Int
    }

    private var groups: [Group] = []
    private var nodes: [Node] = []
    private var leaves: [Float] = []
    /// The file's own index of each leaf.
    private var leafIndices: [Int32] = []

    /// Nil if the trees are too deep, or too unlike full ones: padding may make them four times
    /// larger.
    init?(_ forest: Forest, plan: inout RowPlan) {
        guard forest.depth <= Self.largestDepth, !forest.hasCategoricalSplits else { return nil }
        let starts = stride(from: 0, to: forest.treeCount, by: Self.width)
        var padded = 0
        for start in starts {
            padded += Self.width << (Self.depth(forest, from: start) + 1)
        }
        let used = forest.nodeCount + Self.width << (forest.depth + 1)
        guard padded <= Self.largestPadding * used else { return nil }
        for start in starts { append(forest, from: start, &plan) }
    }

    private static func depth(_ forest: Forest, from start: Int) -> Int {
        forest.trees[start..<min(start + width, forest.treeCount)].map(\.depth).max() ?? 0
    }

    private mutating func append(_ forest: Forest, from start: Int, _ plan: inout RowPlan) {
        let depth = Self.depth(forest, from: start)
        let count = min(Self.width, forest.treeCount - start)
        let group = Group(
            firstNode: nodes.count, firstLeaf: leaves.count, depth: depth, trees: count)
        let total = Self.width << depth
        nodes += repeatElement(Node(threshold: .infinity, slot: 0), count: total)
        leaves += repeatElement(0, count: total)
        leafIndices += repeatElement(0, count: total)
        for offset in 0..<count {
            let tree = forest.trees[start + offset]
            // (position in the perfect tree, index in the file's tree, level)
            var open: [(position: Int, index: Int, level: Int)] = [(1, 0, 0)]
            while let next = open.popLast() {
                let node = forest.nodes[tree.firstNode + next.index]
                if next.level == depth {
                    let leaf = group.firstLeaf + offset << depth + next.position - 1 << depth
                    leaves[leaf] = node.value
                    leafIndices[leaf] = Int32(truncatingIfNeeded: next.index)
                    continue
                }
                var children = (next.index, next.index)
                if !node.isLeaf {
                    nodes[group.firstNode + offset << depth + next.position] = Node(
                        threshold: node.value, slot: UInt32(plan.slot(for: node)))
                    children = (Int(node.left), Int(node.right))
                }
                open.append((2 * next.position, children.0, next.level + 1))
                open.append((2 * next.position + 1, children.1, next.level + 1))
            }
        }
        groups.append(group)
    }

    /// Calls `body` with the position of each tree's leaf, in tree order.
    @inline(__always)
    private func walk(
        _ slots: UnsafeBufferPointer<Float>, _ body: (_ tree: Int, _ leaf: Int) -> Void
    ) {
        guard let slots = slots.baseAddress else { return }
        nodes.withUnsafeBufferPointer { nodes in
            guard let base = nodes.baseAddress else { return }
            var first = 0
            for group in groups {
                let stride = 1 << group.depth
                // Eight trees of 2^depth nodes each follow `firstNode`, and every walk stays inside
                // its own.
                let tree = base + group.firstNode
                var (a, b, c, d, e, f, g, h) = (1, 1, 1, 1, 1, 1, 1, 1)
                for _ in 0..<group.depth {
                    a = Self.step(tree, slots, a)
                    b = Self.step(tree + stride, slots, b)
                    c = Self.step(tree + 2 * stride, slots, c)
                    d = Self.step(tree + 3 * stride, slots, d)
                    e = Self.step(tree + 4 * stride, slots, e)
                    f = Self.step(tree + 5 * stride, slots, f)
                    g = Self.step(tree + 6 * stride, slots, g)
                    h = Self.step(tree + 7 * stride, slots, h)
                }
                let leaf = group.firstLeaf - stride
                body(first, leaf + a)
                if group.trees > 1 { body(first + 1, leaf + stride + b) }
                if group.trees > 2 { body(first + 2, leaf + 2 * stride + c) }
                if group.trees > 3 { body(first + 3, leaf + 3 * stride + d) }
                if group.trees > 4 { body(first + 4, leaf + 4 * stride + e) }
                if group.trees > 5 { body(first + 5, leaf + 5 * stride + f) }
                if group.trees > 6 { body(first + 6, leaf + 6 * stride + g) }
                if group.trees > 7 { body(first + 7, leaf + 7 * stride + h) }
                first += Self.width
            }
        }
    }

    @inline(__always)
    private static func step(
        _ tree: UnsafePointer<Node>, _ slots: UnsafePointer<Float>, _ index: Int
    ) -> Int {
        let node = tree[index]
        return 2 &* index &+ (slots[Int(node.slot)] < node.threshold ? 0 : 1)
    }

    func sum(_ slots: UnsafeBufferPointer<Float>, from base: Float) -> Float {
        leaves.withUnsafeBufferPointer { leaves in
            var sum = base
            walk(slots) { _, leaf in sum += leaves[leaf] }
            return sum
        }
    }

    func addLeaves(
        _ slots: UnsafeBufferPointer<Float>, _ trees: [Forest.Tree],
        to margins: UnsafeMutableBufferPointer<Float>
    ) {
        walk(slots) { tree, leaf in margins[trees[tree].output] += leaves[leaf] }
    }

    func leafIndices(_ slots: UnsafeBufferPointer<Float>) -> [Int] {
        var result: [Int] = []
        walk(slots) { _, leaf in result.append(Int(leafIndices[leaf])) }
        return result
    }
}
