/// Walks a row's ranks down the trees of a block. The pointers are into that block, which the
/// caller holds; every index comes from the layout, which made sure that it lies inside.
struct ForestWalk<Word: RankWord> {
    let words: UnsafePointer<Word>
    let siblings: UnsafePointer<ForestLayout.Sibling<Word>>
    let groups: UnsafePointer<ForestLayout.SiblingGroup>
    let slots: UnsafePointer<Word>

    /// Notes the leaf that the row reaches in each tree of `run` that lies in `trees`, by its place
    /// in the block's sections of leaves.
    ///
    /// What the leaves hold is added in a pass of its own: its loads wait for nothing, so that they
    /// fetch side by side what is in no cache.
    ///
    /// - Parameter leaves: has room for a run's trees, rounded up to whole groups.
    /// - Returns: how many trees before the first of `trees` it begins with.
    @inline(__always)
    func walk(
        _ run: ForestLayout.Run, _ trees: Range<Int>, into leaves: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let first = trees.lowerBound &- run.trees.lowerBound
        let end = trees.upperBound &- run.trees.lowerBound
        if run.kind == .oblivious {
            walkOblivious(run, first, end, into: leaves)
            return 0
        }
        // Eight trees each.
        let group = first &>> 3
        let count = (end &+ 7) &>> 3 &- group
        if run.kind == .perfect {
            walkPerfect(run, group, count, into: leaves)
        } else {
            walkSiblings(run, group, count, into: leaves)
        }
        return first & 7
    }

    /// 1 if the row's rank in the word's slot is above the threshold's: then it goes right.
    @inline(__always)
    private func turn(_ word: Word) -> Int { word < slots[word.slot] ? 1 : 0 }

    /// Places are counted below the end of a group: twice a place less the turn is one instruction
    /// after a comparison (subtract with borrow), twice a place and the turn are three.
    private func walkPerfect(
        _ run: ForestLayout.Run, _ group: Int, _ count: Int,
        into leaves: UnsafeMutablePointer<UInt32>
    ) {
        let size = 8 &<< run.depth
        var end = words + (run.start &+ (group &+ 1) &* size)
        var leaf = run.firstLeaf &+ group &* size &- size
        var leaves = leaves
        let last = leaves + 8 &* count
        while leaves < last {
            var (a, b, c, d, e, f, g, h) = (-8, -9, -10, -11, -12, -13, -14, -15)
            var level = run.depth
            while level > 0 {
                a = a &+ a &- turn(end[a])
                b = b &+ b &- turn(end[b])
                c = c &+ c &- turn(end[c])
                d = d &+ d &- turn(end[d])
                e = e &+ e &- turn(end[e])
                f = f &+ f &- turn(end[f])
                g = g &+ g &- turn(end[g])
                h = h &+ h &- turn(end[h])
                level = level &- 1
            }
            Self.store(leaves, leaf, 0 &- a, 0 &- b, 0 &- c, 0 &- d)
            Self.store(leaves + 4, leaf, 0 &- e, 0 &- f, 0 &- g, 0 &- h)
            leaves += 8
            end += size
            leaf = leaf &+ size
        }
    }

    /// Steps between two looks whether all leaves are reached.
    @inline(__always) private static var stepsPerLook: Int { 4 }

    private func walkSiblings(
        _ run: ForestLayout.Run, _ group: Int, _ count: Int,
        into leaves: UnsafeMutablePointer<UInt32>
    ) {
        var group = groups + (run.start &+ group)
        var leaves = leaves
        let end = leaves + 8 &* count
        while leaves < end {
            let nodes = siblings + group.pointee.firstNode
            let roots = group.pointee.roots
            var (a, b, c, d) = (Int(roots[0]), Int(roots[1]), Int(roots[2]), Int(roots[3]))
            var (e, f, g, h) = (Int(roots[4]), Int(roots[5]), Int(roots[6]), Int(roots[7]))
            var steps = group.pointee.steps
            while steps > 0 {
                let before = a &+ b &+ c &+ d &+ e &+ f &+ g &+ h
                var count = Self.stepsPerLook
                while count > 0 {
                    a = child(of: nodes[a])
                    b = child(of: nodes[b])
                    c = child(of: nodes[c])
                    d = child(of: nodes[d])
                    e = child(of: nodes[e])
                    f = child(of: nodes[f])
                    g = child(of: nodes[g])
                    h = child(of: nodes[h])
                    count = count &- 1
                }
                steps = steps &- Self.stepsPerLook
                // Children lie behind their parents: the sum stands still only if all do.
                if a &+ b &+ c &+ d &+ e &+ f &+ g &+ h == before { break }
            }
            let leaf = run.firstLeaf &+ group.pointee.firstNode
            Self.store(leaves, leaf, a, b, c, d)
            Self.store(leaves + 4, leaf, e, f, g, h)
            leaves += 8
            group += 1
        }
    }

    @inline(__always)
    private func child(of node: ForestLayout.Sibling<Word>) -> Int {
        Int(node.left) &+ turn(node.word)
    }

    private func walkOblivious(
        _ run: ForestLayout.Run, _ first: Int, _ end: Int,
        into leaves: UnsafeMutablePointer<UInt32>
    ) {
        var levels = words + (run.start &+ first &* run.depth)
        var number = first
        while number < end {
            var index = 0
            var level = 0
            while level < run.depth {
                index = index &+ index &+ turn(levels[level])
                level = level &+ 1
            }
            leaves[number &- first] = UInt32(
                truncatingIfNeeded: run.firstLeaf &+ number &<< run.depth &+ index)
            levels += run.depth
            number = number &+ 1
        }
    }

    @inline(__always)
    private static func store(
        _ leaves: UnsafeMutablePointer<UInt32>, _ first: Int, _ a: Int, _ b: Int, _ c: Int, _ d: Int
    ) {
        leaves[0] = UInt32(truncatingIfNeeded: first &+ a)
        leaves[1] = UInt32(truncatingIfNeeded: first &+ b)
        leaves[2] = UInt32(truncatingIfNeeded: first &+ c)
        leaves[3] = UInt32(truncatingIfNeeded: first &+ d)
    }
}
