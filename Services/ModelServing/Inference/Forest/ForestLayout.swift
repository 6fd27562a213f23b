/// Trees laid out for walking by ranks. How each tree is laid out is decided by the shapes of the
/// file alone, so that the same file always runs the same way.
///
/// | layout | for | node | step |
/// |---|---|---|---|
/// | perfect | depth to 12, padding to 4 times | word | to place 2i or 2i + 1 |
/// | sibling | other binary trees | word, left child | to the left child or the one after it |
/// | oblivious | one question per level | word per level | one bit of the leaf's number |
///
/// Eight binary trees walk side by side, so that each waits for its own loads only. A word is the
/// rank of a threshold above the slot it is compared with; see `RankWord`.
struct ForestLayout: Sendable {
    enum Kind: UInt8, Sendable { case perfect, sibling, oblivious }

    /// Trees that walk together.
    @inline(__always) static var together: Int { 8 }
    static let largestPerfectDepth = 12
    static let largestPadding = 4
    /// Nodes of one run, so that a block of rows finds them in the first-level cache.
    static let runBytes = 24 << 10

    /// Consecutive trees that are walked by the same instructions.
    struct Run: Sendable {
        var kind: Kind
        var depth: Int
        var trees: Range<Int>
        /// Of its first tree or group, in `words` or in `groups`.
        var start: Int
        /// Of its first leaf, in the sections of leaves; for sibling trees, what the place of a node
        /// lacks to its leaf's there.
        var firstLeaf: Int
    }

    /// A node of the sibling layout. Its left child is named by its place in the group; the right
    /// one follows it. A leaf's is the leaf itself.
    struct Sibling<Word: RankWord>: BitwiseCopyable, Sendable {
        var word: Word
        var left: Word
    }

    /// Where eight sibling trees start, and how many steps reach the deepest of their leaves.
    struct SiblingGroup: BitwiseCopyable, Sendable {
        /// By their places in the group.
        var roots: SIMD8<UInt32>
        var steps: Int
        var firstNode: Int
    }

    /// A leaf by its place in the logical form.
    struct Leaf {
        var value: Double
        var number: Int32
        var row: Int32

        /// Where no row gets.
        static let unreached = Leaf(value: 0, number: -1, row: -1)
    }

    private(set) var runs: [Run] = []
    private(set) var words: [UInt32] = []
    private(set) var siblings: [Sibling<UInt32>] = []
    private(set) var groups: [SiblingGroup] = []
    private(set) var leaves: [Leaf] = []
    private let table: RankTable
    private var bytesOfRun = 0
    private var wordBytes: Int { table.isNarrow ? 2 : 4 }

    init(_ trees: TreeEnsemble, _ table: RankTable, only kind: Kind? = nil) {
        self.table = table
        let groups = Self.groups(trees, only: kind)
        // Exactly as much room as they take: lists that grow are there twice.
        let size = Self.size(trees, groups)
        words.reserveCapacity(size.words)
        siblings.reserveCapacity(size.siblings)
        leaves.reserveCapacity(size.leaves)
        for group in groups {
            switch group.kind {
            case .perfect: appendPerfect(trees, group.trees)
            case .sibling: appendSibling(trees, group.trees.lowerBound)
            case .oblivious: appendOblivious(trees, group.trees.lowerBound)
            }
        }
    }

    /// Trees that are laid out together.
    private struct Group {
        var kind: Kind
        var trees: Range<Int>
    }

    private static func groups(_ trees: TreeEnsemble, only kind: Kind?) -> [Group] {
        var groups: [Group] = []
        var number = 0
        while number < trees.treeCount {
            if case .oblivious = trees.trees[number].shape {
                groups.append(Group(kind: .oblivious, trees: number..<number + 1))
                number += 1
                continue
            }
            var group = number..<number + 1
            while group.count < Self.together, group.upperBound < trees.treeCount,
                case .binary = trees.trees[group.upperBound].shape
            {
                group = number..<group.upperBound + 1
            }
            if kind == .sibling || kind == nil && !Self.isWorthPadding(trees.trees[group]) {
                groups.append(Group(kind: .sibling, trees: number..<number + 1))
                number += 1
            } else {
                groups.append(Group(kind: .perfect, trees: group))
                number = group.upperBound
            }
        }
        return groups
    }

    /// How long the lists of a layout are.
    struct Size {
        var words = 0
        var siblings = 0
        var leaves = 0
    }

    static func size(_ trees: TreeEnsemble) -> Size { size(trees, groups(trees, only: nil)) }

    private static func size(_ trees: TreeEnsemble, _ groups: [Group]) -> Size {
        var size = Size()
        for group in groups {
            let tree = trees.trees[group.trees.lowerBound]
            switch (group.kind, tree.shape) {
            case (.perfect, _):
                let depth = trees.trees[group.trees].reduce(0) { max($0, $1.depth) }
                size.words += together << depth
                size.leaves += together << depth
            case (_, .binary(_, let count)):
                size.siblings += count
                size.leaves += count
            case (_, .oblivious(_, let depth, _)):
                size.words += depth
                size.leaves += 1 << depth
            }
        }
        return size
    }

    private static func isWorthPadding(_ group: ArraySlice<TreeEnsemble.Tree>) -> Bool {
        let depth = group.reduce(0) { max($0, $1.depth) }
        let nodes = group.reduce(0) { total, tree in
            guard case .binary(_, let count) = tree.shape else { return total }
            return total + count
        }
        return depth <= largestPerfectDepth
            && group.count * 2 << depth <= largestPadding * max(nodes, 8 * group.count)
    }

    /// Lets the trees join the last run, or starts one. A run ends only after a whole group.
    private mutating func join(
        _ kind: Kind, depth: Int, _ trees: Range<Int>, bytes: Int, start: Int, firstLeaf: Int
    ) {
        if let last = runs.last, last.kind == kind, last.depth == depth {
            let isWhole = last.trees.count.isMultiple(of: Self.together)
            let fits = bytesOfRun + bytes <= Self.runBytes
            if kind == .perfect ? isWhole && fits : !isWhole || fits {
                runs[runs.count - 1].trees = last.trees.lowerBound..<trees.upperBound
                bytesOfRun += bytes
                return
            }
        }
        runs.append(
            Run(kind: kind, depth: depth, trees: trees, start: start, firstLeaf: firstLeaf))
        bytesOfRun = bytes
    }

    // MARK: Perfect

    /// One heap with eight roots: below place i lie 2i and 2i + 1, the roots are 8 to 15, and after
    /// as many steps as the trees are deep, a place less that of the first leaf is the leaf's. The
    /// words lie backwards, see `ForestWalk`.
    private mutating func appendPerfect(_ trees: TreeEnsemble, _ group: Range<Int>) {
        let depth = trees.trees[group].reduce(0) { max($0, $1.depth) }
        let size = Self.together << depth
        let (start, firstLeaf) = (words.count, leaves.count)
        join(
            .perfect, depth: depth, group, bytes: size * wordBytes, start: start,
            firstLeaf: firstLeaf)
        words += repeatElement(RankTable.alwaysLeft, count: size)
        leaves += repeatElement(Leaf.unreached, count: size)
        for (offset, tree) in trees.trees[group].enumerated() {
            guard case .binary(let firstNode, _) = tree.shape else { continue }
            var open: [(place: Int, index: Int)] = [(Self.together + offset, 0)]
            while let (place, index) = open.popLast() {
                let node = trees.nodes[firstNode + index]
                if place >= size {
                    leaves[firstLeaf + place - size] = Leaf(
                        value: node.value, number: node.leaf, row: node.right)
                } else if node.isLeaf {
                    // Every row goes left from here.
                    open.append((2 * place, index))
                } else {
                    words[start + size - place] = table.word(node)
                    open.append((2 * place, Int(node.left)))
                    open.append((2 * place + 1, Int(node.right)))
                }
            }
        }
    }

    // MARK: Sibling

    /// Nodes of a tree that has room beside seven of its size in a group of narrow words.
    static let largestNarrowTree = 1 << 16 / together

    /// Of the tree that just joined a run. Places of a group that get no tree of their own walk
    /// with its first.
    ///
    /// - Returns: where the group's nodes start.
    private mutating func addRoot(steps: Int) -> Int {
        let place = ((runs.last?.trees.count ?? 1) - 1) % Self.together
        if place == 0 {
            groups.append(
                SiblingGroup(roots: .zero, steps: steps, firstNode: siblings.count))
        } else {
            let last = groups.count - 1
            groups[last].roots[place] = UInt32(siblings.count - groups[last].firstNode)
            groups[last].steps = max(groups[last].steps, steps)
        }
        return groups[groups.count - 1].firstNode
    }

    private mutating func appendSibling(_ trees: TreeEnsemble, _ number: Int) {
        guard case .binary(let firstNode, let count) = trees.trees[number].shape else { return }
        join(
            .sibling, depth: 0, number..<number + 1, bytes: count * 2 * wordBytes,
            start: groups.count, firstLeaf: leaves.count - siblings.count)
        let root = siblings.count
        let origin = addRoot(steps: trees.trees[number].depth)
        let firstLeaf = leaves.count
        var open: [(place: Int, index: Int)] = []
        func add(_ index: Int, to layout: inout ForestLayout) {
            let place = layout.siblings.count
            open.append((place, index))
            layout.siblings.append(
                Sibling(word: RankTable.alwaysLeft, left: UInt32(place - origin)))
            layout.leaves.append(.unreached)
        }
        add(0, to: &self)
        var next = 0
        while next < open.count {
            let (place, index) = open[next]
            next += 1
            let node = trees.nodes[firstNode + index]
            if node.isLeaf {
                leaves[firstLeaf + place - root] = Leaf(
                    value: node.value, number: node.leaf, row: node.right)
                continue
            }
            siblings[place] = Sibling(
                word: table.word(node), left: UInt32(siblings.count - origin))
            add(Int(node.left), to: &self)
            add(Int(node.right), to: &self)
        }
    }

    // MARK: Oblivious

    /// The last level first: its answer is the highest bit of the leaf's number.
    private mutating func appendOblivious(_ trees: TreeEnsemble, _ number: Int) {
        guard case .oblivious(let firstLevel, let depth, let firstRow) = trees.trees[number].shape
        else { return }
        join(
            .oblivious, depth: depth, number..<number + 1, bytes: depth * wordBytes,
            start: words.count, firstLeaf: leaves.count)
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
