/// Trees of any shape: the two children of a node lie side by side, a leaf points to itself, and
/// each walk takes as many steps as the deepest tree of its eight.
struct SiblingLayout: Sendable {
    struct Node: Sendable {
        var threshold: Float
        var slot: UInt32
        var left: UInt32
    }

    private static let width = PerfectLayout.width
    private var nodes: [Node] = []
    private var roots: [Int] = []
    private var depths: [Int] = []
    /// Leaf value and the file's own index, for each node.
    private var values: [Float] = []
    private var indices: [Int32] = []

    /// Nil if the forest needs the general walk.
    init?(_ forest: Forest, plan: inout RowPlan) {
        guard !forest.hasCategoricalSplits else { return nil }
        for (number, tree) in forest.trees.enumerated() {
            append(forest, tree, &plan)
            if number % Self.width == 0 { depths.append(0) }
            depths[depths.count - 1] = max(depths[depths.count - 1], tree.depth)
        }
    }

    private mutating func append(_ forest: Forest, _ tree: Forest.Tree, _ plan: inout RowPlan) {
        let root = nodes.count
        roots.append(root)
        // Leaves compare the constant slot 0 with +infinity: always left, to themselves.
        func leaf(at position: Int) -> Node {
            Node(threshold: .infinity, slot: 0, left: UInt32(truncatingIfNeeded: position))
        }
        nodes.append(leaf(at: root))
        values.append(0)
        indices.append(0)
        var open: [(position: Int, index: Int)] = [(root, 0)]
        var next = 0
        while next < open.count {
            let (position, index) = open[next]
            next += 1
            let node = forest.nodes[tree.firstNode + index]
            indices[position] = Int32(truncatingIfNeeded: index)
            values[position] = node.value
            guard !node.isLeaf else { continue }
            let left = nodes.count
            nodes[position] = Node(
                threshold: node.value, slot: UInt32(plan.slot(for: node)),
                left: UInt32(truncatingIfNeeded: left))
            for (offset, child) in [node.left, node.right].enumerated() {
                nodes.append(leaf(at: left + offset))
                values.append(0)
                indices.append(0)
                open.append((left + offset, Int(child)))
            }
        }
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
            for depth in depths {
                func root(_ offset: Int) -> Int { roots[min(first + offset, roots.count - 1)] }
                var (a, b, c, d) = (root(0), root(1), root(2), root(3))
                var (e, f, g, h) = (root(4), root(5), root(6), root(7))
                for _ in 0..<depth {
                    a = Self.step(base, slots, a)
                    b = Self.step(base, slots, b)
                    c = Self.step(base, slots, c)
                    d = Self.step(base, slots, d)
                    e = Self.step(base, slots, e)
                    f = Self.step(base, slots, f)
                    g = Self.step(base, slots, g)
                    h = Self.step(base, slots, h)
                }
                let count = roots.count - first
                body(first, a)
                if count > 1 { body(first + 1, b) }
                if count > 2 { body(first + 2, c) }
                if count > 3 { body(first + 3, d) }
                if count > 4 { body(first + 4, e) }
                if count > 5 { body(first + 5, f) }
                if count > 6 { body(first + 6, g) }
                if count > 7 { body(first + 7, h) }
                first += Self.width
            }
        }
    }

    @inline(__always)
    private static func step(
        _ nodes: UnsafePointer<Node>, _ slots: UnsafePointer<Float>, _ index: Int
    ) -> Int {
        let node = nodes[index]
        return Int(node.left) &+ (slots[Int(node.slot)] < node.threshold ? 0 : 1)
    }

    func sum(_ slots: UnsafeBufferPointer<Float>, from base: Float) -> Float {
        values.withUnsafeBufferPointer { values in
            var sum = base
            walk(slots) { _, leaf in sum += values[leaf] }
            return sum
        }
    }

    func addLeaves(
        _ slots: UnsafeBufferPointer<Float>, _ trees: [Forest.Tree],
        to margins: UnsafeMutableBufferPointer<Float>
    ) {
        walk(slots) { tree, leaf in margins[trees[tree].output] += values[leaf] }
    }

    func leafIndices(_ slots: UnsafeBufferPointer<Float>) -> [Int] {
        var result: [Int] = []
        walk(slots) { _, leaf in result.append(Int(indices[leaf])) }
        return result
    }
}
