/// Trees laid out for walking by ranks. How each tree is laid out is decided by its shape alone, so
/// that the same file always runs the same way.
///
/// | layout | for | node | step |
/// |---|---|---|---|
/// | perfect | depth to 8, padding to 4 times | word | to child 2i or 2i + 1 |
/// | sibling | other binary trees | word, left child | to the left child or the one after it |
/// | oblivious | one question per level | word per level | one bit of the leaf's number |
///
/// A word is the rank of a threshold above the slot it is compared with; see `RankTable`.
struct ForestLayout: Sendable {
    enum Kind: UInt8, Sendable { case perfect, sibling, oblivious }

    static let largestPerfectDepth = 8
    static let largestPadding = 4
    /// Nodes of one run, so that a block of rows finds them in the first-level cache.
    static let runBytes = 24 << 10
    /// Levels of a perfect tree that fill one cache line; the others lie in subtrees of their own.
    @inline(__always) static var topLevels: Int { 4 }
    @inline(__always) static var topWords: Int { 16 }

    /// Consecutive trees that are walked by the same instructions.
    struct Run: Sendable {
        var kind: Kind
        var depth: Int
        var trees: Range<Int>
        /// Of its first tree in `words`; in `roots` for sibling trees.
        var start: Int
        /// From one tree to the next.
        var stride: Int
        /// Of its first tree, in the sections of leaves; 0 for sibling trees.
        var firstLeaf: Int
    }

    /// A node of the sibling layout.
    struct Sibling: BitwiseCopyable, Sendable {
        var word: UInt32
        /// The left child; the right one follows it. A leaf's is the leaf itself.
        var left: UInt32
    }

    /// Where a sibling tree starts, and how many steps reach its deepest leaf.
    struct Root: BitwiseCopyable, Sendable {
        var node: UInt32
        var steps: UInt32
        /// Of its nodes in the sections of leaves, less `node`.
        var leafOffset: Int
    }

    /// A leaf by its place in the logical form.
    struct Leaf {
        var value: Double
        var number: Int32
        var row: Int32
    }

    private(set) var runs: [Run] = []
    private(set) var words: [UInt32] = []
    private(set) var siblings: [Sibling] = []
    private(set) var roots: [Root] = []
    private(set) var leaves: [Leaf] = []
    private let table: RankTable

    init(_ trees: TreeEnsemble, _ table: RankTable, only kind: Kind? = nil) {
        self.table = table
        for (number, tree) in trees.trees.enumerated() {
            switch tree.shape {
            case .oblivious(let firstLevel, let depth, let firstLeaf):
                appendOblivious(trees, number, firstLevel, depth, firstLeaf)
            case .binary(let firstNode, let count):
                let isPerfect =
                    tree.depth <= Self.largestPerfectDepth
                    && 2 << tree.depth <= Self.largestPadding * max(count, 8)
                if kind == .perfect || (isPerfect && kind != .sibling) {
                    appendPerfect(trees, number, firstNode, tree.depth)
                } else {
                    appendSibling(trees, number, firstNode, tree.depth)
                }
            }
        }
    }

    /// Lets the tree join the last run, or starts one.
    private mutating func join(_ kind: Kind, depth: Int, tree: Int, start: Int, stride: Int) {
        if let last = runs.last, last.kind == kind, last.depth == depth,
            (last.trees.count + 1) * stride * 4 <= Self.runBytes
        {
            runs[runs.count - 1].trees = last.trees.lowerBound..<tree + 1
            return
        }
        runs.append(
            Run(
                kind: kind, depth: depth, trees: tree..<tree + 1, start: start, stride: stride,
                firstLeaf: kind == .sibling ? 0 : leaves.count))
    }

    // MARK: Perfect

    /// Up to four levels in one line; below each of its sixteen places a subtree of the others. Both
    /// are breadth-first from 1 on.
    private mutating func appendPerfect(
        _ trees: TreeEnsemble, _ number: Int, _ firstNode: Int, _ depth: Int
    ) {
        let top = min(depth, Self.topLevels)
        let rest = depth - top
        let stride = rest == 0 ? 1 << top : Self.topWords + Self.topWords << rest
        // Trees of a few words share lines; a run of larger ones starts with a line.
        if stride >= Self.topWords {
            let odd = words.count % Self.topWords
            if odd != 0 {
                words += repeatElement(RankTable.alwaysLeft, count: Self.topWords - odd)
            }
        }
        join(.perfect, depth: depth, tree: number, start: words.count, stride: stride)
        let start = words.count
        let firstLeaf = leaves.count
        words += repeatElement(RankTable.alwaysLeft, count: stride)
        leaves += repeatElement(Leaf(value: 0, number: 0, row: -1), count: 1 << depth)
        // Path: the turns so far, below a leading 1.
        var open: [(path: Int, index: Int, level: Int)] = [(1, 0, 0)]
        while let (path, index, level) = open.popLast() {
            let node = trees.nodes[firstNode + index]
            if level == depth {
                leaves[firstLeaf + path - 1 << depth] = Leaf(
                    value: node.value, number: node.leaf, row: node.right)
                continue
            }
            var children = (index, index)
            if !node.isLeaf {
                words[start + Self.place(path, level, rest)] = table.word(node)
                children = (Int(node.left), Int(node.right))
            }
            open.append((2 * path, children.0, level + 1))
            open.append((2 * path + 1, children.1, level + 1))
        }
    }

    private static func place(_ path: Int, _ level: Int, _ rest: Int) -> Int {
        guard level >= topLevels else { return path }
        let below = level - topLevels
        let subtree = path >> below - topWords
        return topWords + subtree << rest + (path & (1 << below - 1) | 1 << below)
    }

    // MARK: Sibling

    private mutating func appendSibling(
        _ trees: TreeEnsemble, _ number: Int, _ firstNode: Int, _ depth: Int
    ) {
        join(.sibling, depth: 0, tree: number, start: roots.count, stride: 2)
        let root = siblings.count
        roots.append(
            Root(
                node: UInt32(root), steps: UInt32(depth), leafOffset: leaves.count - root))
        func rest(at position: Int) -> Sibling {
            Sibling(word: RankTable.alwaysLeft, left: UInt32(truncatingIfNeeded: position))
        }
        let unreached = Leaf(value: 0, number: -1, row: -1)
        siblings.append(rest(at: root))
        let firstLeaf = leaves.count
        leaves.append(unreached)
        var open: [(position: Int, index: Int)] = [(root, 0)]
        var next = 0
        while next < open.count {
            let (position, index) = open[next]
            next += 1
            let node = trees.nodes[firstNode + index]
            if node.isLeaf {
                leaves[firstLeaf + position - root] = Leaf(
                    value: node.value, number: node.leaf, row: node.right)
                continue
            }
            let left = siblings.count
            siblings[position] = Sibling(word: table.word(node), left: UInt32(left))
            for (offset, child) in [node.left, node.right].enumerated() {
                siblings.append(rest(at: left + offset))
                leaves.append(unreached)
                open.append((left + offset, Int(child)))
            }
        }
    }

    // MARK: Oblivious

    /// The last level first: its answer is the highest bit of the leaf's number.
    private mutating func appendOblivious(
        _ trees: TreeEnsemble, _ number: Int, _ firstLevel: Int, _ depth: Int, _ firstRow: Int
    ) {
        join(.oblivious, depth: depth, tree: number, start: words.count, stride: depth)
        for level in (0..<depth).reversed() {
            words.append(table.word(trees.levels[firstLevel + level].split))
        }
        for leaf in 0..<1 << depth {
            let row = firstRow + leaf
            leaves.append(
                Leaf(
                    value: trees.leafWidth == 1 ? trees.leafValues[row] : 0,
                    number: Int32(truncatingIfNeeded: leaf), row: Int32(truncatingIfNeeded: row)))
        }
    }
}
