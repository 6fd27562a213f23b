/// What is done with the leaf that a row reaches in a tree.
protocol LeafVisitor {
    /// - Parameter leaf: its place in the block's sections of leaves.
    mutating func visit(tree: Int, leaf: Int)
}

/// Walks a row's ranks down the trees of a block. The pointers are into that block, which the
/// caller holds; every index comes from the layout, which made sure that it lies inside.
struct ForestWalk {
    let words: UnsafePointer<UInt32>
    let siblings: UnsafePointer<ForestLayout.Sibling>
    let roots: UnsafePointer<ForestLayout.Root>
    let ranks: UnsafePointer<UInt32>

    /// Visits the trees of `run` that lie in `trees`, in order.
    @inline(__always)
    func walk<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        switch run.kind {
        case .perfect: walkPerfect(run, trees, &visitor)
        case .sibling: walkSibling(run, trees, &visitor)
        case .oblivious: walkOblivious(run, trees, &visitor)
        }
    }

    /// 1 if the row's rank in the word's slot is above the threshold's: then it goes right.
    @inline(__always)
    private func turn(_ word: UInt32) -> Int {
        word < ranks[Int(word & 0xFFFF)] ? 1 : 0
    }

    // MARK: Perfect

    @inline(__always)
    private func walkPerfect<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        // Literal depths, so that each gets straight-line code.
        switch run.depth {
        case 0: for tree in trees { visitor.visit(tree: tree, leaf: leaf(run, tree, 0)) }
        case 1: walkPerfect(run, trees, top: 1, rest: 0, &visitor)
        case 2: walkPerfect(run, trees, top: 2, rest: 0, &visitor)
        case 3: walkPerfect(run, trees, top: 3, rest: 0, &visitor)
        case 4: walkPerfect(run, trees, top: 4, rest: 0, &visitor)
        case 5: walkPerfect(run, trees, top: 4, rest: 1, &visitor)
        case 6: walkPerfect(run, trees, top: 4, rest: 2, &visitor)
        case 7: walkPerfect(run, trees, top: 4, rest: 3, &visitor)
        default: walkPerfect(run, trees, top: 4, rest: 4, &visitor)
        }
    }

    @inline(__always)
    private func walkPerfect<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, top: Int, rest: Int,
        _ visitor: inout Visitor
    ) {
        let stride = rest == 0 ? 1 << top : ForestLayout.topWords + ForestLayout.topWords << rest
        let first = trees.lowerBound - run.trees.lowerBound
        var tree = words + run.start + first * stride
        var leaf = run.firstLeaf + first << (top + rest)
        for number in trees {
            var index = 1
            for _ in 0..<top { index = index &+ index &+ turn(tree[index]) }
            if rest == 0 {
                index = index &- 1 << top
            } else {
                let subtree = (index &- ForestLayout.topWords) << rest
                let below = tree + ForestLayout.topWords + subtree
                index = 1
                for _ in 0..<rest { index = index &+ index &+ turn(below[index]) }
                index = subtree &+ index &- 1 << rest
            }
            visitor.visit(tree: number, leaf: leaf &+ index)
            tree += stride
            leaf = leaf &+ 1 << (top + rest)
        }
    }

    @inline(__always)
    private func leaf(_ run: ForestLayout.Run, _ tree: Int, _ index: Int) -> Int {
        run.firstLeaf + (tree - run.trees.lowerBound) << run.depth + index
    }

    // MARK: Sibling and oblivious

    /// Steps between two looks whether a deep tree's leaf is reached.
    private static let stepsPerLook = 8

    @inline(__always)
    private func walkSibling<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        for number in trees {
            let root = roots[run.start + number - run.trees.lowerBound]
            var index = Int(root.node)
            var steps = Int(root.steps)
            while steps > 0 {
                let before = index
                for _ in 0..<min(steps, Self.stepsPerLook) {
                    let node = siblings[index]
                    index = Int(node.left) &+ turn(node.word)
                }
                steps -= Self.stepsPerLook
                if index == before { break }
            }
            visitor.visit(tree: number, leaf: root.leafOffset + index)
        }
    }

    @inline(__always)
    private func walkOblivious<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        var levels = words + run.start + (trees.lowerBound - run.trees.lowerBound) * run.depth
        for number in trees {
            var index = 0
            for level in 0..<run.depth { index = index &+ index &+ turn(levels[level]) }
            visitor.visit(tree: number, leaf: leaf(run, number, index))
            levels += run.depth
        }
    }
}
