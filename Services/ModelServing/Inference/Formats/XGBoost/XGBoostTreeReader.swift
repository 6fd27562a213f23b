/// Reads the trees of an XGBoost model and checks that they are trees.
struct XGBoostTreeReader {
    let limits: FormatLimits

    /// Sets what the ensemble's iterations are, too.
    func read(
        _ booster: XGBoostBooster, into forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        let model = booster.model
        try checkMembers(model)
        let parameters = try model.field("gbtree_model_param")
        let parallel =
            try parameters.optionalField("num_parallel_tree")?.integer(in: 0...limits.trees) ?? 1
        let trees = try model.field("trees")
        let count = try trees.count()
        guard count <= limits.trees else {
            throw trees.error("\(count) trees; at most \(limits.trees) are read")
        }
        let stated = try parameters.field("num_trees")
        guard try stated.integer(in: 0...limits.trees) == count else {
            throw stated.error("the file states another number of trees than the \(count) it has")
        }
        let info = try model.field("tree_info")
        let outputs = try info.integers(in: 0...max(forest.outputCount - 1, 0))
        guard outputs.count == count else {
            throw info.error("\(outputs.count) entries for \(count) trees")
        }
        try makeRoom(trees, &forest)
        try trees.visit { (index, tree) throws(ModelFileError) in
            try read(tree, output: Int(outputs[index]), &forest)
        }
        if let weights = booster.treeWeights { try apply(weights, &forest) }
        forest.treesPerIteration = max(parallel, 1) * forest.outputCount
        if let starts = try model.optionalField("iteration_indptr") {
            try setIterations(starts, &forest)
        }
    }

    /// The nodes of all trees are moved together once.
    private func makeRoom(
        _ trees: JSONCursor, _ forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        var nodes = 0
        try trees.visit { (_, tree) throws(ModelFileError) in
            nodes += try tree.field("left_children").count()
        }
        guard nodes <= limits.nodes else { throw trees.error("more than \(limits.nodes) nodes") }
        forest.trees.reserveCapacity(try trees.count())
        if let reason = forest.makeRoom(TreeGrowth(nodes: nodes), limits) {
            throw trees.error(reason)
        }
    }

    /// Where each round starts (since 2.0), and where the last one ends: rounds of a model that was
    /// trained on with other parameters differ.
    private func setIterations(
        _ field: JSONCursor, _ forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        let starts = try field.integers(in: 0...forest.treeCount).map(Int.init)
        guard starts.first == 0, starts.last == forest.treeCount,
            zip(starts, starts.dropFirst()).allSatisfy(<=)
        else {
            throw field.error("the rounds do not divide the \(forest.treeCount) trees")
        }
        let sizes = Set(zip(starts, starts.dropFirst()).map { $1 - $0 })
        if sizes.count > 1 {
            forest.iterationStarts = starts
        } else if let size = sizes.first, size > 0 {
            forest.treesPerIteration = size
        }
    }

    /// A member that this reader does not know could change what the model means.
    private func checkMembers(_ model: JSONCursor) throws(ModelFileError) {
        let known: Set = [
            "gbtree_model_param", "trees", "tree_info", "iteration_indptr", "cats", "weight_drop",
        ]
        for (key, value) in try model.members() where !known.contains(key) {
            throw value.error("\"\(key.prefix(64))\" is not known in a tree model")
        }
    }

    /// DART: every leaf times the weight of its tree, rounded; missing weights are 1.
    private func apply(_ field: JSONCursor, _ forest: inout TreeEnsemble) throws(ModelFileError) {
        let weights = try field.floats()
        guard weights.count <= forest.treeCount else {
            throw field.error("\(weights.count) weights for \(forest.treeCount) trees")
        }
        for (tree, weight) in zip(forest.trees, weights) {
            guard case .binary(let first, let count) = tree.shape else { continue }
            for index in first..<first + count where forest.nodes[index].isLeaf {
                let value = Float(forest.nodes[index].value) * weight
                guard value.isFinite else { throw field.error("a weighted leaf is not finite") }
                forest.nodes[index].value = Double(value)
            }
        }
    }

    private func read(
        _ tree: JSONCursor, output: Int, _ forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        let parameters = try tree.field("tree_param")
        let count = try parameters.field("num_nodes").integer(in: 1...limits.nodesPerTree)
        guard forest.nodeCount + count <= limits.nodes else {
            throw tree.error("more than \(limits.nodes) nodes in all")
        }
        // The tree by itself, before it stands among the others.
        let size = count * (MemoryLayout<TreeEnsemble.Node>.stride + 16)
        if let reason = forest.makeRoom(TreeGrowth(nodes: count), beside: size, limits) {
            throw tree.error(reason)
        }
        if let size = try parameters.optionalField("size_leaf_vector"),
            try size.integer(in: 0...Int(Int32.max)) > 1
        {
            throw size.error(
                "leaves with several values are not supported",
                remedy: "train with multi_strategy=one_output_per_tree")
        }
        let deleted = try parameters.optionalField("num_deleted")?.integer(in: 0...count) ?? 0
        var nodes = try columns(tree, count, inputs: forest.inputCount)
        try categories(tree, &nodes, &forest)
        try tree.field("split_conditions").visit { (index, value) throws(ModelFileError) in
            if value.isNaN, nodes[index].isLeaf || nodes[index].categories < 0 {
                throw value.error("NaN is neither a threshold nor a leaf")
            }
        }
        let depth = try check(tree, nodes, deleted: deleted, inputs: forest.inputCount)
        forest.trees.append(
            .init(
                shape: .binary(firstNode: forest.nodes.count, count: count), depth: depth,
                output: output))
        forest.nodes += nodes
    }

    /// The parallel arrays of a tree, which must all have one element for each node.
    private func columns(
        _ tree: JSONCursor, _ count: Int, inputs: Int
    ) throws(ModelFileError) -> [TreeEnsemble.Node] {
        func sized(_ name: StaticString) throws(ModelFileError) -> JSONCursor {
            let field = try tree.field(name)
            let length = try field.count()
            guard length == count else {
                throw field.error("\(length) elements for \(count) nodes")
            }
            return field
        }
        let (leftChildren, rightChildren) = (
            try sized("left_children"), try sized("right_children")
        )
        var nodes = (0..<count).map {
            TreeEnsemble.Node.leaf(0, number: Int32(truncatingIfNeeded: $0))
        }
        let children = -1...count - 1
        try leftChildren.visit { (index, value) throws(ModelFileError) in
            nodes[index].left = Int32(try value.integer(in: children))
        }
        try rightChildren.visit { (index, value) throws(ModelFileError) in
            nodes[index].right = Int32(try value.integer(in: children))
            guard (nodes[index].left < 0) == (nodes[index].right < 0) else {
                throw value.error("a node with one child")
            }
        }
        try sized("split_indices").visit { (index, value) throws(ModelFileError) in
            // A leaf's or deleted node's entry is never used, and the library leaves anything in
            // it.
            guard !nodes[index].isLeaf else { return }
            nodes[index].number = -1
            nodes[index].input = Int32(try value.integer(in: 0...inputs - 1))
        }
        try sized("split_conditions").visit { (index, value) throws(ModelFileError) in
            nodes[index].value = value.isNaN ? .nan : Double(try value.float())
        }
        try sized("default_left").visit { (index, value) throws(ModelFileError) in
            nodes[index].missing = try value.flag() ? .left : .right
        }
        if try tree.optionalField("loss_changes") != nil {
            try sized("loss_changes").visit { (index, value) throws(ModelFileError) in
                // Nothing is scored with it, so it may be anything.
                guard !nodes[index].isLeaf else { return }
                nodes[index].gain = (try? value.float()) ?? 0
            }
        }
        if try tree.optionalField("sum_hessian") != nil {
            try sized("sum_hessian").visit { (index, value) throws(ModelFileError) in
                nodes[index].cover = Double(try value.float())
                guard nodes[index].cover >= 0 else { throw value.error("a negative cover") }
            }
        }
        return nodes
    }

    private func categories(
        _ tree: JSONCursor, _ nodes: inout [TreeEnsemble.Node], _ forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        var categorical: [Bool] = []
        if let types = try tree.optionalField("split_type") {
            let kinds = try types.integers(in: 0...1)
            guard kinds.count == nodes.count else {
                throw types.error("\(kinds.count) elements for \(nodes.count) nodes")
            }
            categorical = kinds.map { $0 == 1 }
        }
        if let listed = try tree.optionalField("categories_nodes"), try listed.count() > 0 {
            let list = try tree.field("categories")
            let growth = TreeGrowth(words: try list.count(), sets: try listed.count())
            // The list and three more of its owners, before they are sets.
            let size = 4 * growth.words + 12 * growth.sets + 64 * nodes.count
            if let reason = forest.makeRoom(growth, beside: size, limits) {
                throw list.error(reason)
            }
            let all = try list.integers(in: 0...(1 << 24) - 1)
            let owners = try listed.integers(in: 0...nodes.count - 1)
            let starts = try tree.field("categories_segments").integers(in: 0...all.count)
            let sizes = try tree.field("categories_sizes").integers(in: 0...all.count)
            guard starts.count == owners.count, sizes.count == owners.count else {
                throw listed.error("categories_segments and categories_sizes are not as long")
            }
            // The lists lie one behind the other, so that a file cannot name the same bytes again and again.
            var end = 0
            for (owner, (start, size)) in zip(owners, zip(starts, sizes)) {
                let (first, length) = (Int(start), Int(size))
                guard first == end, first + length <= all.count else {
                    throw listed.error("a list of categories leaves its place in the array")
                }
                end += length
                let set = all[first..<first + length]
                guard zip(set, set.dropFirst()).allSatisfy(<) else {
                    throw listed.error("a list of categories is not sorted")
                }
                guard nodes[Int(owner)].categories < 0 else {
                    throw listed.error("node \(owner) is listed twice")
                }
                if nodes[Int(owner)].isLeaf { continue }
                nodes[Int(owner)].number = forest.categorySets.append(sorted: set)
                nodes[Int(owner)].rule = .listedRight
            }
        }
        for (index, node) in nodes.enumerated() where !node.isLeaf {
            let expected = index < categorical.count && categorical[index]
            guard expected == (node.categories >= 0) else {
                throw tree.error("node \(index) and its list of categories disagree")
            }
        }
    }

    /// Every node but the root has one parent and is reached, save those that pruning deleted.
    /// Returns the depth.
    private func check(
        _ tree: JSONCursor, _ nodes: [TreeEnsemble.Node], deleted: Int, inputs: Int
    ) throws(ModelFileError) -> Int {
        let structure: TreeStructure
        do {
            structure = try TreeStructure(nodes, deepest: limits.treeDepth)
        } catch {
            switch error {
            case .secondParent(let node):
                throw try tree.field("left_children").error(
                    "node \(node) has two parents, or is its own ancestor")
            case .tooDeep: throw tree.error("deeper than \(limits.treeDepth) levels")
            }
        }
        guard structure.reached + deleted == nodes.count else {
            throw tree.error(
                "\(nodes.count - structure.reached) nodes cannot be reached; "
                    + "\(deleted) are stated as deleted")
        }
        return structure.depth
    }
}
