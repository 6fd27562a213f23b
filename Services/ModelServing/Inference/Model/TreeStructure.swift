/// Why nodes are no tree.
enum TreeFault: Error, Equatable {
    /// The node has two parents, or is its own ancestor.
    case secondParent(Int)
    case tooDeep
}

/// What a walk from the root of a binary tree finds.
struct TreeStructure: Equatable {
    var depth = 0
    /// Nodes that can be reached, the root among them.
    var reached = 1

    /// - Parameter nodes: children are indices among them; the first is the root.
    init(_ nodes: [TreeEnsemble.Node], deepest: Int) throws(TreeFault) {
        var seen = [Bool](repeating: false, count: nodes.count)
        seen[0] = true
        var level = [0]
        while true {
            var next: [Int] = []
            for index in level where !nodes[index].isLeaf {
                for child in [Int(nodes[index].left), Int(nodes[index].right)] {
                    guard !seen[child] else { throw .secondParent(child) }
                    seen[child] = true
                    next.append(child)
                }
            }
            if next.isEmpty { return }
            reached += next.count
            depth += 1
            guard depth <= deepest else { throw .tooDeep }
            level = next
        }
    }
}
