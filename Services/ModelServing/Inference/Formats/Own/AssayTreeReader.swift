/// Reads one tree of `assay-forest`: parallel lists with one element for each node, as
/// scikit-learn's `tree_` holds them.
struct AssayTreeReader {
    let limits: FormatLimits
    let kind: AssayForestLoader.Kind

    /// - Parameter features: the row's input behind each of the tree's own; nil if they are the same.
    func read(
        _ tree: JSONCursor, features: [Int32]?, into ensemble: inout TreeEnsemble
    ) throws(ModelFileError) {
        try tree.requireKeys([
            "left", "right", "feature", "threshold", "missing_left", "value", "samples", "cover",
        ])
        let count = try tree.field("left").count()
        guard 1...limits.nodesPerTree ~= count else {
            throw tree.error("\(count) nodes; 1 to \(limits.nodesPerTree) are read")
        }
        guard ensemble.nodes.count + count <= limits.nodes else {
            throw tree.error("more than \(limits.nodes) nodes in all")
        }
        // The tree by itself, before it stands among the others: its nodes and columns.
        let size = count * (MemoryLayout<TreeEnsemble.Node>.stride + 32)
        let isWide = ensemble.leafWidth > 1
        let growth = TreeGrowth(
            nodes: count, values: isWide ? (count + 1) / 2 * ensemble.leafWidth : 0)
        if let reason = ensemble.makeRoom(growth, beside: size, limits) {
            throw tree.error(reason)
        }
        let columns = Columns(tree: tree, count: count)
        let covers = try covers(columns)
        let left = try columns.integers("left", in: -1...count - 1)
        let right = try columns.integers("right", in: -1...count - 1)
        let inputs = try inputs(columns, left, features, ensemble.inputCount)
        let thresholds = try columns.field("threshold")
        let missing = try missing(columns)

        var nodes: [TreeEnsemble.Node] = []
        nodes.reserveCapacity(count)
        try thresholds.visit { (index, threshold) throws(ModelFileError) in
            guard (left[index] < 0) == (right[index] < 0) else {
                throw try tree.field("right").error("node \(index) has one child")
            }
            if left[index] < 0 {
                // A leaf's threshold is a filler.
                nodes.append(
                    .leaf(0, number: Int32(truncatingIfNeeded: index), cover: covers[index]))
            } else {
                nodes.append(
                    .split(
                        inputs[index], .lessOrEqual, try threshold.number(),
                        missing: missing?[index] ?? .refused, left: left[index],
                        right: right[index], cover: covers[index]))
            }
        }
        let depth = try depth(of: nodes, tree)
        try setLeaves(columns, &nodes, &ensemble)
        ensemble.trees.append(
            .init(
                shape: .binary(firstNode: ensemble.nodes.count, count: count), depth: depth,
                output: ensemble.leafWidth > 1 ? -1 : 0))
        ensemble.nodes += nodes
    }

    private func depth(
        of nodes: [TreeEnsemble.Node], _ tree: JSONCursor
    ) throws(ModelFileError) -> Int {
        let structure: TreeStructure
        do throws(TreeFault) {
            structure = try TreeStructure(nodes, deepest: limits.treeDepth)
        } catch {
            switch error {
            case .secondParent(let child):
                throw try tree.field("left").error(
                    "node \(child) has two parents, or is its own ancestor")
            case .tooDeep: throw tree.error("deeper than \(limits.treeDepth) levels")
            }
        }
        guard structure.reached == nodes.count else {
            throw tree.error("\(nodes.count - structure.reached) nodes cannot be reached")
        }
        return structure.depth
    }

    // MARK: Leaves

    private func setLeaves(
        _ columns: Columns, _ nodes: inout [TreeEnsemble.Node], _ ensemble: inout TreeEnsemble
    ) throws(ModelFileError) {
        if kind == .isolation { return try setPathLengths(columns, &nodes) }
        let width = ensemble.leafWidth
        try columns.field("value").visit { (index, value) throws(ModelFileError) in
            guard nodes[index].isLeaf else { return }
            if value.kind != .array {
                guard width == 1 else { throw value.error("expected \(width) values") }
                nodes[index].value = try value.number()
                return
            }
            let values = try value.numbers(count: width, of: "values")
            if width == 1 {
                nodes[index].value = values[0]
            } else {
                nodes[index].right = Int32(truncatingIfNeeded: ensemble.leafValues.count / width)
                ensemble.leafValues += values
            }
        }
    }

    /// A leaf of an isolation tree stands for the edges to it and what an average tree over its
    /// samples would add.
    private func setPathLengths(
        _ columns: Columns, _ nodes: inout [TreeEnsemble.Node]
    ) throws(ModelFileError) {
        let samples = try columns.integers("samples", in: 0...Int(Int32.max))
        var level = [0]
        var edges = 0
        while !level.isEmpty {
            var next: [Int] = []
            for index in level {
                if nodes[index].isLeaf {
                    let rest = IsolationParameters.pathLength(Int(samples[index]))
                    nodes[index].value = (Double(edges + 1) + rest) - 1
                } else {
                    next += [Int(nodes[index].left), Int(nodes[index].right)]
                }
            }
            level = next
            edges += 1
        }
    }

    // MARK: Columns

    private struct Columns {
        let tree: JSONCursor
        let count: Int

        func field(_ name: StaticString) throws(ModelFileError) -> JSONCursor {
            try sized(try tree.field(name))
        }

        func optionalField(_ name: StaticString) throws(ModelFileError) -> JSONCursor? {
            guard let field = try tree.optionalField(name) else { return nil }
            return try sized(field)
        }

        func integers(
            _ name: StaticString, in range: ClosedRange<Int>
        ) throws(ModelFileError) -> [Int32] {
            try field(name).integers(in: range)
        }

        private func sized(_ field: JSONCursor) throws(ModelFileError) -> JSONCursor {
            let length = try field.count()
            guard length == count else {
                throw field.error("\(length) elements for \(count) nodes")
            }
            return field
        }
    }

    /// A leaf's entry is a filler.
    private func inputs(
        _ columns: Columns, _ left: [Int32], _ features: [Int32]?, _ count: Int
    ) throws(ModelFileError) -> [Int32] {
        let field = try columns.field("feature")
        var inputs = [Int32](repeating: 0, count: left.count)
        let own = (features?.count ?? count) - 1
        try field.visit { (index, feature) throws(ModelFileError) in
            guard left[index] >= 0 else { return }
            guard own >= 0 else { throw feature.error("a tree without inputs splits") }
            let number = try feature.integer(in: 0...own)
            let input = features?[number] ?? Int32(truncatingIfNeeded: number)
            guard Int(input) < count else {
                throw feature.error("input \(input) of a model with \(count)")
            }
            inputs[index] = input
        }
        return inputs
    }

    private func missing(
        _ columns: Columns
    ) throws(ModelFileError) -> [TreeEnsemble.Missing]? {
        guard let field = try columns.optionalField("missing_left") else { return nil }
        var result: [TreeEnsemble.Missing] = []
        try field.visit { (_, flag) throws(ModelFileError) in
            result.append(try flag.flag() ? .left : .right)
        }
        return result
    }

    /// Weights of the training rows, if the file has them, or else their number.
    private func covers(_ columns: Columns) throws(ModelFileError) -> [Double] {
        var field = try columns.optionalField("cover")
        if field == nil { field = try columns.optionalField("samples") }
        guard let field else { return [Double](repeating: .nan, count: columns.count) }
        let covers = try field.numbers()
        try field.visit { (index, cover) throws(ModelFileError) in
            guard covers[index] >= 0 else { throw cover.error("a negative cover") }
        }
        return covers
    }
}
