/// Reads one tree of a LightGBM model and checks that it is a tree.
struct LightGBMTreeReader {
    static let keys: Set = [
        "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type",
        "left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value",
        "internal_weight", "internal_count", "cat_boundaries", "cat_threshold", "is_linear",
        "leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage",
    ]

    let limits: FormatLimits

    func read(
        _ block: LightGBMBlock, output: Int, into forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        let leaves = try block.field("num_leaves").integer(in: 1...(limits.nodesPerTree + 1) / 2)
        let splits = leaves - 1
        guard forest.nodes.count + leaves + splits <= limits.nodes else {
            throw block.error("more than \(limits.nodes) nodes in all")
        }
        // The tree by itself, before it stands among the others.
        let count = leaves + splits
        let size = count * (MemoryLayout<TreeEnsemble.Node>.stride + 16)
        if let reason = forest.makeRoom(TreeGrowth(nodes: count), beside: size, limits) {
            throw block.error(reason)
        }
        var nodes: [TreeEnsemble.Node] = []
        nodes.reserveCapacity(leaves + splits)
        if splits > 0 { try readSplits(block, leaves, into: &nodes, &forest) }
        let values = try block.field("leaf_value")
        try values.visit(exactly: leaves) { (token) throws(ModelFileError) in
            nodes.append(
                .leaf(try token.finite(), number: Int32(truncatingIfNeeded: token.position)))
        }
        try readCounts(block, splits, &nodes)
        try readLinear(block, leaves, &nodes, &forest)
        let structure: TreeStructure
        do {
            structure = try TreeStructure(nodes, deepest: limits.treeDepth)
        } catch {
            switch error {
            case .secondParent(let node):
                let name = node < splits ? "split \(node)" : "leaf \(node - splits)"
                throw try block.field("left_child").error(
                    "\(name) has two parents, or is its own ancestor")
            case .tooDeep: throw block.error("deeper than \(limits.treeDepth) levels")
            }
        }
        guard structure.reached == nodes.count else {
            throw block.error("\(nodes.count - structure.reached) nodes cannot be reached")
        }
        forest.trees.append(
            .init(
                shape: .binary(firstNode: forest.nodes.count, count: nodes.count),
                depth: structure.depth, output: output))
        forest.nodes += nodes
    }

    // MARK: Splits

    /// The library numbers splits and leaves apart, a leaf k as child ~k; here the leaves follow the
    /// splits.
    private func readSplits(
        _ block: LightGBMBlock, _ leaves: Int, into nodes: inout [TreeEnsemble.Node],
        _ forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        let splits = leaves - 1
        let inputs = forest.inputCount
        try block.field("split_feature").visit(exactly: splits) { (token) throws(ModelFileError) in
            let input = Int32(try token.integer(in: 0...inputs - 1))
            nodes.append(.split(input, .lessOrEqual, 0, missing: .right, left: 0, right: 0))
        }
        func child(_ token: LightGBMField.Token) throws(ModelFileError) -> Int32 {
            let index = try token.integer(in: -leaves...splits - 1)
            return Int32(index < 0 ? splits + ~index : index)
        }
        try block.field("left_child").visit(exactly: splits) { (token) throws(ModelFileError) in
            nodes[token.position].left = try child(token)
        }
        try block.field("right_child").visit(exactly: splits) { (token) throws(ModelFileError) in
            nodes[token.position].right = try child(token)
        }
        let sets = try readSets(block, &forest)
        try block.field("decision_type").visit(exactly: splits) { (token) throws(ModelFileError) in
            try decide(&nodes[token.position], token)
        }
        try block.field("threshold").visit(exactly: splits) { (token) throws(ModelFileError) in
            let value = try token.number()
            guard nodes[token.position].rule == .listedLeft else {
                nodes[token.position].value = value
                return
            }
            guard value >= 0, value < Double(sets.count), value == value.rounded() else {
                throw token.error("the tree has no set of categories \(value)")
            }
            nodes[token.position].number = sets[Int(value)]
        }
        try block.optionalField("split_gain")?.visit(exactly: splits) {
            (token) throws(ModelFileError) in
            nodes[token.position].gain = Float(try token.number())
        }
    }

    /// Bit 0: categorical; bit 1: missing goes left; bits 2 and 3: what counts as missing.
    private func decide(
        _ node: inout TreeEnsemble.Node, _ token: LightGBMField.Token
    ) throws(ModelFileError) {
        let bits = try token.integer(in: 0...15)
        if bits & 1 == 1 {
            node.rule = .listedLeft
            return
        }
        let left = bits & 2 != 0
        switch bits >> 2 {
        case 0: node.missing = .asZero
        case 1: node.missing = left ? .zeroLeft : .zeroRight
        case 2: node.missing = left ? .left : .right
        default: throw token.error("a missing type of 3 is not known")
        }
    }

    /// Words of bits, one set after the other; returns their numbers in the ensemble.
    private func readSets(
        _ block: LightGBMBlock, _ forest: inout TreeEnsemble
    ) throws(ModelFileError) -> [Int32] {
        let field = try block.field("num_cat")
        let count = try field.integer(in: 0...limits.nodesPerTree)
        guard count > 0 else { return [] }
        let list = try block.field("cat_threshold")
        var growth = TreeGrowth(sets: count)
        try list.visit { (_) throws(ModelFileError) in growth.words += 1 }
        // The words and their bounds, before they are sets.
        let size = 4 * growth.words + 16 * count
        if let reason = forest.makeRoom(growth, beside: size, limits) { throw list.error(reason) }
        var words: [UInt32] = []
        words.reserveCapacity(growth.words)
        try list.visit { (token) throws(ModelFileError) in
            words.append(UInt32(try token.integer(in: 0...Int(UInt32.max))))
        }
        let bounds = try block.field("cat_boundaries")
        let starts = try bounds.integers(exactly: count + 1, in: 0...words.count)
        guard starts[0] == 0, starts[count] == words.count,
            zip(starts, starts.dropFirst()).allSatisfy(<=)
        else { throw bounds.error("the sets do not divide the \(words.count) words of bits") }
        return zip(starts, starts.dropFirst()).map {
            forest.categorySets.append(bits: words[$0..<$1])
        }
    }

    // MARK: Leaves

    /// How many rows came by in training, where the file says so for all nodes.
    private func readCounts(
        _ block: LightGBMBlock, _ splits: Int, _ nodes: inout [TreeEnsemble.Node]
    ) throws(ModelFileError) {
        guard let ofLeaves = block.optionalField("leaf_count"),
            let ofSplits = block.optionalField("internal_count")
        else { return }
        let range = 0...Int(Int64.max >> 10)
        try ofSplits.visit(exactly: splits) { (token) throws(ModelFileError) in
            nodes[token.position].cover = Double(try token.integer(in: range))
        }
        // A tree of one leaf may leave its count out.
        if splits == 0, ofLeaves.value.isEmpty { return }
        try ofLeaves.visit(exactly: nodes.count - splits) { (token) throws(ModelFileError) in
            nodes[splits + token.position].cover = Double(try token.integer(in: range))
        }
    }

    /// Linear functions of inputs as leaves; `num_features` says how many each has.
    private func readLinear(
        _ block: LightGBMBlock, _ leaves: Int, _ nodes: inout [TreeEnsemble.Node],
        _ forest: inout TreeEnsemble
    ) throws(ModelFileError) {
        guard let linear = block.optionalField("is_linear"), try linear.integer(in: 0...1) == 1
        else { return }
        let counts = try block.field("num_features").integers(
            exactly: leaves, in: 0...forest.inputCount)
        let total = counts.reduce(0, +)
        let inputs = try block.field("leaf_features").integers(
            exactly: total, in: 0...forest.inputCount - 1)
        var coefficients: [Double] = []
        try block.field("leaf_coeff").visit(exactly: total) { (token) throws(ModelFileError) in
            coefficients.append(try token.finite())
        }
        let first = nodes.count - leaves
        var start = 0
        try block.field("leaf_const").visit(exactly: leaves) { (token) throws(ModelFileError) in
            let end = start + counts[token.position]
            let node = first + token.position
            nodes[node].right = forest.append(
                TreeEnsemble.LinearLeaf(
                    constant: try token.finite(), inputs: inputs[start..<end].map { Int32($0) },
                    coefficients: Array(coefficients[start..<end]), fallback: nodes[node].value))
            start = end
            if let reason = limits.overrun(forest.byteCount) { throw token.error(reason) }
        }
    }
}
