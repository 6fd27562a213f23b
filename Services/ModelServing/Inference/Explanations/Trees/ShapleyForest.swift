/// The splits of an ensemble in the order in which the explainer meets them: parents before
/// children, left before right.
struct ShapleyForest: Sendable {
    /// A split.
    struct Node: Sendable {
        /// The row goes left if its slot is below this.
        var threshold: Double
        /// Share of the training rows of this node that went left.
        var leftShare: Double
        var slot: Int32
        var input: Int32
        /// The right child; -1 if it is a leaf.
        var right: Int32
        /// Place of the first of its leaves in a tree's leaf values.
        var leaf: Int32
        /// If its input was met above: its place in `repeats`; else -1.
        var again: Int32
        /// Edges above it.
        var level: Int16
        var leaves: Leaves
    }

    enum Leaves: UInt8, Sendable { case none, left, right, both }

    /// An input that was met above.
    struct Repeat: Sendable {
        /// Share of the training rows that take all earlier edges of the input, of those that take
        /// all other edges.
        var share: Double
        /// The level of the newest of them.
        var level: Int
    }

    struct Tree: Sendable {
        /// None for a tree of one leaf.
        var nodes: Range<Int>
        /// Its leaves among those of one output.
        var leaves: Range<Int>
        /// -1: it adds to every output.
        var output: Int
        /// The most distinct inputs that meet on one path.
        var distinctInputs: Int
    }

    private(set) var nodes: [Node] = []
    private(set) var repeats: [Repeat] = []
    private(set) var trees: [Tree] = []
    /// Values of all leaves for the first output that they add to, then for the next.
    private(set) var leafValues: [Double] = []
    private(set) var leafCount = 0
    /// Mean leaf of each tree, weighted by cover; as many per tree as a leaf has values.
    private(set) var means: [Double] = []
    private(set) var slots = SplitSlots()
    private(set) var depth = 0

    /// Nil if the file does not say how many training rows met each node, a split met none, or
    /// leaves are functions.
    init?(_ ensemble: TreeEnsemble) {
        guard ensemble.linearLeaves.isEmpty else { return nil }
        var rows: [Int32] = []
        for tree in ensemble.trees {
            guard let binary = BinaryTree(tree, of: ensemble),
                let leaves = pack(binary, tree, ensemble.inputCount)
            else { return nil }
            collect(leaves, ensemble, &rows)
        }
        guard ensemble.leafWidth > 1 else { return }
        leafValues.reserveCapacity(rows.count * ensemble.leafWidth)
        for output in 0..<ensemble.leafWidth {
            for row in rows {
                leafValues.append(ensemble.leafValues[Int(row) * ensemble.leafWidth + output])
            }
        }
    }

    /// Bytes that this holds.
    var byteCount: Int {
        nodes.count * MemoryLayout<Node>.stride + repeats.count * MemoryLayout<Repeat>.stride
            + (leafValues.count + means.count) * 8
    }

    private struct Leaf {
        var node: TreeEnsemble.Node
        /// Share of the tree's training rows.
        var weight: Double
    }

    /// Takes over a tree's leaves: their values, or for several outputs their rows, which are put in
    /// order when all are known.
    private mutating func collect(
        _ leaves: [Leaf], _ ensemble: TreeEnsemble, _ rows: inout [Int32]
    ) {
        leafCount += leaves.count
        let width = ensemble.leafWidth
        guard width > 1 else {
            leafValues += leaves.lazy.map(\.node.value)
            return means.append(leaves.reduce(0) { $0 + $1.weight * $1.node.value })
        }
        rows += leaves.lazy.map(\.node.right)
        for output in 0..<width {
            means.append(
                leaves.reduce(0) {
                    $0 + $1.weight * ensemble.leafValues[Int($1.node.right) * width + output]
                })
        }
    }
}

// MARK: Packing

extension ShapleyForest {
    /// What is left to do of a tree, the last first.
    private enum Step {
        case enter(Subtree)
        /// A subtree is done: its input is again what it was above it.
        case leave(input: Int, before: Repeat?)
    }

    private struct Subtree {
        var index: Int
        /// Share of the tree's training rows.
        var weight: Double
        var level: Int
        /// The packed split whose right child this is, or -1.
        var parent = -1
        /// The edge to it, and its input; nil for the root.
        var edge: (input: Int, end: Repeat)?
    }

    /// The path that is open while a tree is packed.
    private struct Path {
        /// The newest edge of each input.
        var edges: [Repeat?]
        var distinctInputs = 0
        var mostDistinctInputs = 0

        mutating func set(_ input: Int, _ edge: Repeat?) -> Repeat? {
            let before = edges[input]
            edges[input] = edge
            distinctInputs += (edge == nil ? 0 : 1) - (before == nil ? 0 : 1)
            return before
        }

        /// A split on an input stands at the end of the path.
        mutating func meets(_ input: Int) {
            let count = distinctInputs + (edges[input] == nil ? 1 : 0)
            mostDistinctInputs = max(mostDistinctInputs, count)
        }
    }

    /// The tree's leaves in the order of their splits; nil if a share of training rows cannot be
    /// told.
    private mutating func pack(
        _ binary: BinaryTree, _ tree: TreeEnsemble.Tree, _ inputCount: Int
    ) -> [Leaf]? {
        let firstNode = nodes.count
        var leaves: [Leaf] = []
        var path = Path(edges: [Repeat?](repeating: nil, count: inputCount))
        var steps: [Step] = []
        if binary[0].isLeaf {
            leaves.append(Leaf(node: binary[0], weight: 1))
        } else {
            steps.append(.enter(Subtree(index: 0, weight: 1, level: 0)))
        }
        while let step = steps.popLast() {
            switch step {
            case .leave(let input, let before): _ = path.set(input, before)
            case .enter(let subtree):
                if let (input, end) = subtree.edge {
                    steps.append(.leave(input: input, before: path.set(input, end)))
                }
                guard pack(subtree, binary, &path, &steps, &leaves) else { return nil }
            }
        }
        trees.append(
            Tree(
                nodes: firstNode..<nodes.count, leaves: leafCount..<leafCount + leaves.count,
                output: tree.output, distinctInputs: path.mostDistinctInputs))
        return leaves
    }

    /// False if the share cannot be told.
    private mutating func pack(
        _ subtree: Subtree, _ binary: BinaryTree, _ path: inout Path, _ steps: inout [Step],
        _ leaves: inout [Leaf]
    ) -> Bool {
        let split = binary[subtree.index]
        let input = Int(split.input)
        let (left, right) = (binary[Int(split.left)], binary[Int(split.right)])
        guard let share = binary.leftShare(left, right) else { return false }
        let this = nodes.count
        if subtree.parent >= 0 { nodes[subtree.parent].right = Int32(this) }
        let before = path.edges[input]
        let place = slots.place(split)
        nodes.append(
            Node(
                threshold: place.threshold, leftShare: share, slot: place.slot,
                input: split.input, right: -1, leaf: Int32(leafCount + leaves.count),
                again: before == nil ? -1 : Int32(repeats.count), level: Int16(subtree.level),
                leaves: Leaves(left: left.isLeaf, right: right.isLeaf)))
        if let before { repeats.append(before) }
        depth = max(depth, subtree.level + 1)
        path.meets(input)
        // The right one first: the left one is then next.
        for (child, part, parent) in [(split.right, 1 - share, this), (split.left, share, -1)] {
            guard !binary[Int(child)].isLeaf else { continue }
            let end = Repeat(share: (before?.share ?? 1) * part, level: subtree.level)
            steps.append(
                .enter(
                    Subtree(
                        index: Int(child), weight: subtree.weight * part,
                        level: subtree.level + 1, parent: parent, edge: (input, end))))
        }
        if left.isLeaf { leaves.append(Leaf(node: left, weight: subtree.weight * share)) }
        if right.isLeaf { leaves.append(Leaf(node: right, weight: subtree.weight * (1 - share))) }
        return true
    }
}

extension ShapleyForest.Leaves {
    init(left: Bool, right: Bool) {
        self = left ? (right ? .both : .left) : (right ? .right : .none)
    }
}

// MARK: Reached leaves

extension ShapleyForest {
    /// The place of the leaf that a row reaches, among those of one output.
    func leaf(of tree: Tree, _ slots: UnsafeMutableBufferPointer<Double>) -> Int {
        guard !tree.nodes.isEmpty else { return tree.leaves.lowerBound }
        var index = tree.nodes.lowerBound
        while true {
            let node = nodes[index]
            let first = Int(node.leaf)
            if slots[Int(node.slot)] < node.threshold {
                if node.leaves == .left || node.leaves == .both { return first }
                index += 1
            } else {
                if node.leaves == .both { return first + 1 }
                if node.leaves == .right { return first }
                index = Int(node.right)
            }
        }
    }
}
