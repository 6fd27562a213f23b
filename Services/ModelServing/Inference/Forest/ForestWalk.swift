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
        switch run.depth {
        case 0: for tree in trees { visitor.visit(tree: tree, leaf: leaf(run, tree, 0)) }
        case 1: walkPerfect(Depth1.self, run, trees, &visitor)
        case 2: walkPerfect(Depth2.self, run, trees, &visitor)
        case 3: walkPerfect(Depth3.self, run, trees, &visitor)
        case 4: walkPerfect(Depth4.self, run, trees, &visitor)
        case 5: walkPerfect(Depth5.self, run, trees, &visitor)
        case 6: walkPerfect(Depth6.self, run, trees, &visitor)
        case 7: walkPerfect(Depth7.self, run, trees, &visitor)
        default: walkPerfect(Depth8.self, run, trees, &visitor)
        }
    }

    /// A depth is a type, so that each gets straight-line code.
    private func walkPerfect<Depth: PerfectDepth, Visitor: LeafVisitor>(
        _: Depth.Type, _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        let first = trees.lowerBound &- run.trees.lowerBound
        var tree = words + run.start + first &* Depth.words
        var leaf = run.firstLeaf &+ first &* Depth.leaves
        var number = trees.lowerBound
        while number < trees.upperBound {
            var index = 1
            for _ in 0..<Depth.top { index = index &+ index &+ turn(tree[index]) }
            if Depth.rest == 0 {
                index = index &- Depth.leaves
            } else {
                let subtree = (index &- ForestLayout.topWords) &<< Depth.rest
                let below = tree + (ForestLayout.topWords &+ subtree)
                index = 1
                for _ in 0..<Depth.rest { index = index &+ index &+ turn(below[index]) }
                index = subtree &+ index &- (1 &<< Depth.rest)
            }
            visitor.visit(tree: number, leaf: leaf &+ index)
            tree += Depth.words
            leaf = leaf &+ Depth.leaves
            number = number &+ 1
        }
    }

    @inline(__always)
    private func leaf(_ run: ForestLayout.Run, _ tree: Int, _ index: Int) -> Int {
        run.firstLeaf &+ (tree &- run.trees.lowerBound) &<< run.depth &+ index
    }

    // MARK: Sibling and oblivious

    /// Steps between two looks whether a deep tree's leaf is reached.
    private static let stepsPerLook = 8

    @inline(__always)
    private func walkSibling<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        var number = trees.lowerBound
        while number < trees.upperBound {
            let root = roots[run.start + number - run.trees.lowerBound]
            var index = Int(root.node)
            var steps = Int(root.steps)
            while steps > 0 {
                let before = index
                var count = min(steps, Self.stepsPerLook)
                while count > 0 {
                    let node = siblings[index]
                    index = Int(node.left) &+ turn(node.word)
                    count = count &- 1
                }
                steps = steps &- Self.stepsPerLook
                if index == before { break }
            }
            visitor.visit(tree: number, leaf: root.leafOffset &+ index)
            number = number &+ 1
        }
    }

    @inline(__always)
    private func walkOblivious<Visitor: LeafVisitor>(
        _ run: ForestLayout.Run, _ trees: Range<Int>, _ visitor: inout Visitor
    ) {
        var levels = words + run.start + (trees.lowerBound - run.trees.lowerBound) * run.depth
        for number in trees {
            var index = 0
            var level = 0
            while level < run.depth {
                index = index &+ index &+ turn(levels[level])
                level = level &+ 1
            }
            visitor.visit(tree: number, leaf: leaf(run, number, index))
            levels += run.depth
        }
    }
}

/// The levels of a perfect tree: those of its first cache line and those below.
private protocol PerfectDepth {
    static var top: Int { get }
    static var rest: Int { get }
}

extension PerfectDepth {
    @inline(__always)
    static var leaves: Int { 1 &<< (top &+ rest) }
    @inline(__always)
    static var words: Int {
        rest == 0
            ? 1 &<< top : ForestLayout.topWords &+ ForestLayout.topWords &<< rest
    }
}

private enum Depth1: PerfectDepth {
    @inline(__always) static var top: Int { 1 }
    @inline(__always) static var rest: Int { 0 }
}

private enum Depth2: PerfectDepth {
    @inline(__always) static var top: Int { 2 }
    @inline(__always) static var rest: Int { 0 }
}

private enum Depth3: PerfectDepth {
    @inline(__always) static var top: Int { 3 }
    @inline(__always) static var rest: Int { 0 }
}

private enum Depth4: PerfectDepth {
    @inline(__always) static var top: Int { 4 }
    @inline(__always) static var rest: Int { 0 }
}

private enum Depth5: PerfectDepth {
    @inline(__always) static var top: Int { 4 }
    @inline(__always) static var rest: Int { 1 }
}

private enum Depth6: PerfectDepth {
    @inline(__always) static var top: Int { 4 }
    @inline(__always) static var rest: Int { 2 }
}

private enum Depth7: PerfectDepth {
    @inline(__always) static var top: Int { 4 }
    @inline(__always) static var rest: Int { 3 }
}

private enum Depth8: PerfectDepth {
    @inline(__always) static var top: Int { 4 }
    @inline(__always) static var rest: Int { 4 }
}
