/// Reads the trees of a CatBoost model.
struct CatBoostTreeReader {
    let features: CatBoostFeatures
    let limits: FormatLimits

    /// Oblivious trees are as deep as their leaves are numbered.
    private static let obliviousDepth = 20

    /// Values of one leaf, by the first tree.
    func width(of trees: JSONCursor) throws(ModelFileError) -> Int {
        guard let tree = try trees.first() else { return 1 }
        if let splits = try tree.optionalField("splits") {
            let depth = splits.kind == .null ? 0 : try splits.count()
            guard depth <= Self.obliviousDepth else { return 1 }
            return max(try tree.field("leaf_values").count() >> depth, 1)
        }
        var node = tree
        var depth = 0
        while let left = try node.optionalField("left") {
            depth += 1
            guard depth <= limits.treeDepth else {
                throw tree.error("deeper than \(limits.treeDepth) levels")
            }
            node = left
        }
        let value = try node.field("value")
        return value.kind == .array ? max(try value.count(), 1) : 1
    }

    // MARK: Oblivious trees

    func readOblivious(
        _ tree: JSONCursor, into ensemble: inout TreeEnsemble
    ) throws(ModelFileError) {
        let firstLevel = ensemble.levels.count
        let width = ensemble.leafWidth
        let firstLeaf = ensemble.leafValues.count / width
        // A tree of one leaf has null for its splits.
        if let splits = try tree.optionalField("splits"), splits.kind != .null {
            guard try splits.count() <= Self.obliviousDepth else {
                throw splits.error("deeper than \(Self.obliviousDepth) levels")
            }
            try splits.visit { (_, split) throws(ModelFileError) in
                ensemble.levels.append(try level(split))
            }
        }
        let depth = ensemble.levels.count - firstLevel
        let leaves = 1 << depth
        guard firstLeaf + leaves <= limits.nodes else {
            throw tree.error("more than \(limits.nodes) leaves in all")
        }
        let values = try tree.field("leaf_values")
        let count = try values.count()
        guard count == leaves * width else {
            throw values.error("\(count) values for \(leaves) leaves of \(width)")
        }
        let weights = try tree.optionalField("leaf_weights")
        let hasCovers = weights.map { $0.kind != .null } ?? false
        let growth = TreeGrowth(values: count, covers: hasCovers ? leaves : 0)
        if let reason = ensemble.makeRoom(growth, limits) {
            throw tree.error(reason)
        }
        try values.visit { (_, value) throws(ModelFileError) in
            ensemble.leafValues.append(try value.double())
        }
        try readCovers(tree, leaves, first: firstLeaf, &ensemble.leafCovers)
        ensemble.trees.append(
            .init(
                shape: .oblivious(firstLevel: firstLevel, depth: depth, firstLeaf: firstLeaf),
                depth: depth, output: width > 1 ? -1 : 0))
    }

    /// All trees have weights, or none is taken to have them.
    private func readCovers(
        _ tree: JSONCursor, _ leaves: Int, first: Int, _ covers: inout [Double]
    ) throws(ModelFileError) {
        guard let weights = try tree.optionalField("leaf_weights"), weights.kind != .null,
            try weights.count() > 0
        else {
            covers = []
            return
        }
        guard try weights.count() == leaves else {
            throw weights.error("\(try weights.count()) weights for \(leaves) leaves")
        }
        guard covers.count == first else { return }
        try weights.visit { (_, weight) throws(ModelFileError) in
            let cover = try weight.double()
            guard cover >= 0 else { throw weight.error("a negative cover") }
            covers.append(cover)
        }
    }

    // MARK: Splits

    /// The question of a split: right if the value is above the border, or the category's hash is
    /// the value.
    private func level(_ split: JSONCursor) throws(ModelFileError) -> TreeEnsemble.Level {
        let type = try split.field("split_type")
        switch try type.text() {
        case "FloatFeature":
            let feature = try feature(split.field("float_feature_index"), features.numbers)
            return TreeEnsemble.Level(
                input: feature.input, rule: .greater, missing: feature.missing,
                border: Double(try split.field("border").float()))
        case "OneHotFeature":
            let feature = try feature(split.field("cat_feature_index"), features.categories)
            guard !features.hashes.isEmpty else {
                throw split.error(
                    "a split on a category, and no hashes of categories in the file",
                    remedy: "save with save_model(path, format=\"json\", pool=training_pool)")
            }
            let value = try split.field("value").integer(in: .int32)
            return TreeEnsemble.Level(
                input: feature.input, rule: .hash, missing: feature.missing, border: 0,
                hash: Int32(truncatingIfNeeded: value))
        case "OnlineCtr":
            throw type.error(
                "statistics over categories (CTR) are not supported",
                remedy: CatBoostFeatures.oneHotRemedy)
        case let other:
            throw type.error("splits of the type \"\(other.prefix(64))\" are not supported")
        }
    }

    private func feature(
        _ number: JSONCursor, _ list: [CatBoostFeatures.Feature]
    ) throws(ModelFileError) -> CatBoostFeatures.Feature {
        guard !list.isEmpty else { throw number.error("the model has no such features") }
        return list[try number.integer(in: 0...list.count - 1)]
    }

    // MARK: Nested trees

    /// A node is {`left`, `right`, `split`}, in this order in the file; a leaf is {`value`,
    /// `weight`}. Nodes are numbered as they are met, parents before children.
    func readNested(
        _ tree: JSONCursor, into ensemble: inout TreeEnsemble
    ) throws(ModelFileError) {
        let first = ensemble.nodes.count
        var nodes: [TreeEnsemble.Node] = []
        var pending: [(cursor: JSONCursor, parent: Int, isRight: Bool, depth: Int)] = [
            (tree, -1, false, 0)
        ]
        var leaves: Int32 = 0
        var depth = 0
        while let (cursor, parent, isRight, level) = pending.popLast() {
            let index = Int32(truncatingIfNeeded: nodes.count)
            guard nodes.count < limits.nodesPerTree, first + nodes.count < limits.nodes else {
                throw cursor.error("more than \(limits.nodesPerTree) nodes in a tree")
            }
            guard level <= limits.treeDepth else {
                throw cursor.error("deeper than \(limits.treeDepth) levels")
            }
            if nodes.count % 1_024 == 0 {
                let size = 2 * (nodes.count + 1_024) * MemoryLayout<TreeEnsemble.Node>.stride
                if let reason = limits.overrun(ensemble.byteCount + size) {
                    throw cursor.error(reason)
                }
            }
            depth = max(depth, level)
            if parent >= 0 {
                if isRight { nodes[parent].right = index } else { nodes[parent].left = index }
            }
            if let left = try cursor.optionalField("left") {
                nodes.append(try self.level(cursor.field("split")).split)
                pending.append((try cursor.field("right"), Int(index), true, level + 1))
                pending.append((left, Int(index), false, level + 1))
            } else {
                nodes.append(try leaf(cursor, number: leaves, &ensemble))
                leaves += 1
            }
        }
        addCovers(&nodes)
        let size = nodes.capacity * MemoryLayout<TreeEnsemble.Node>.stride
        if let reason = ensemble.makeRoom(TreeGrowth(nodes: nodes.count), beside: size, limits) {
            throw tree.error(reason)
        }
        ensemble.trees.append(
            .init(
                shape: .binary(firstNode: first, count: nodes.count), depth: depth,
                output: ensemble.leafWidth > 1 ? -1 : 0))
        ensemble.nodes += nodes
    }

    private func leaf(
        _ leaf: JSONCursor, number: Int32, _ ensemble: inout TreeEnsemble
    ) throws(ModelFileError) -> TreeEnsemble.Node {
        let field = try leaf.field("value")
        let width = ensemble.leafWidth
        let values =
            field.kind == .array
            ? try field.numbers(count: width, of: "values") : [try field.double()]
        guard values.count == width else {
            throw field.error("\(values.count) values for \(width) outputs")
        }
        var cover = Double.nan
        if let weight = try leaf.optionalField("weight"), weight.kind != .null {
            cover = try weight.double()
            guard cover >= 0 else { throw weight.error("a negative cover") }
        }
        guard width > 1 else { return .leaf(values[0], number: number, cover: cover) }
        let row = Int32(truncatingIfNeeded: ensemble.leafValues.count / width)
        ensemble.leafValues += values
        return .leaf(0, number: number, row: row, cover: cover)
    }

    /// The file has the weights of leaves alone; children stand behind their parents.
    private func addCovers(_ nodes: inout [TreeEnsemble.Node]) {
        for index in nodes.indices.reversed() where !nodes[index].isLeaf {
            nodes[index].cover =
                nodes[Int(nodes[index].left)].cover + nodes[Int(nodes[index].right)].cover
        }
    }
}
