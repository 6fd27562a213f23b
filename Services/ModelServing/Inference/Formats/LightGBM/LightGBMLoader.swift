/// Reads a model that LightGBM saved as text, versions 2 to 4 (its `gbdt_model_text.cpp`).
///
/// What it does not support it refuses by name, line and remedy; it never guesses.
struct LightGBMLoader: ModelLoader {
    private static let headerKeys: Set = [
        "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
        "objective", "average_output", "feature_names", "monotone_constraints", "feature_infos",
        "tree_sizes",
    ]

    private let limits: FormatLimits
    private var text: LightGBMText

    static func recognizes(_ head: ArraySlice<UInt8>) -> Bool {
        head.starts(with: Array("tree\n".utf8)) || head.starts(with: Array("tree\r".utf8))
    }

    static func load(
        _ bytes: [UInt8], _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel {
        guard bytes.count <= options.limits.artifactBytes else {
            throw ModelFileError(
                place: .line(1, column: 1, path: "header"),
                reason: "the file has \(bytes.count) bytes; at most "
                    + "\(options.limits.artifactBytes) are read")
        }
        var loader = LightGBMLoader(limits: options.limits, text: LightGBMText(bytes))
        return try loader.load()
    }

    private mutating func load() throws(ModelFileError) -> LoadedModel {
        _ = text.nextLine()
        let header = try text.block("header", keys: Self.headerKeys)
        let version = try header.field("version")
        guard ["v2", "v3", "v4"].contains(version.text) else {
            throw version.error(
                "the version \"\(version.text.prefix(64))\" is not known",
                remedy: "save the model with LightGBM 2 to 4")
        }
        let inputs =
            try header.field("max_feature_idx").integer(in: 0...limits.inputs - 1) + 1
        let outputs = try header.field("num_tree_per_iteration").integer(in: 1...limits.outputs)
        let objective = header.optionalField("objective")
        if let objective, let classes = try LightGBMObjective.classes(objective),
            classes != outputs
        {
            throw objective.error("\(classes) classes for \(outputs) trees per iteration")
        }
        let link = try objective.map { (field) throws(ModelFileError) in
            try LightGBMObjective.link(field)
        }
        var forest = TreeEnsemble(
            profile: .lightgbm, inputCount: inputs, outputCount: outputs)
        forest.treesPerIteration = outputs
        forest.isAveraged = header.optionalField("average_output") != nil
        let sizes = try readTrees(into: &forest)
        try check(sizes, header, forest)
        var remarks: [Remark] = []
        if objective == nil { remarks.append(Remark("no objective: the prediction is the margin")) }
        if let objective, link == .unknown {
            remarks.append(
                Remark("the objective \(objective.text) is not known: the prediction is the margin")
            )
        }
        if forest.nodes.contains(where: \.cover.isNaN) {
            remarks.append(Remark("no covers: attributions are not exact"))
        }
        if !forest.linearLeaves.isEmpty {
            remarks.append(Remark("linear leaves: attributions are not exact"))
        }
        let described = try LightGBMInputs(header, forest, limits).inputs(&text, &remarks)
        return LoadedModel(
            format: .lightgbmText, library: "lightgbm text \(version.text)",
            objective: objective?.text ?? "", link: link ?? .unknown, inputs: described,
            body: .trees(forest), remarks: remarks)
    }

    /// Returns how many bytes each tree has, and its line.
    private mutating func readTrees(
        into forest: inout TreeEnsemble
    ) throws(ModelFileError) -> [Int] {
        let reader = LightGBMTreeReader(limits: limits)
        let ends: Set = ["end of trees", "feature importances:", "feature_importances:"]
        var starts: [Int] = []
        while true {
            let start = text.position
            guard let line = text.nextLine() else {
                throw error("the file ends before its trees do")
            }
            if line.isEmpty { continue }
            let name = text.text(line.lowerBound..<min(line.upperBound, line.lowerBound + 64))
            if ends.contains(name) {
                starts.append(start)
                break
            }
            guard name == "Tree=\(forest.treeCount)" else {
                throw error("expected Tree=\(forest.treeCount) or the end of the trees")
            }
            guard forest.treeCount < limits.trees else {
                throw error("more than \(limits.trees) trees")
            }
            starts.append(start)
            let output = forest.treeCount % forest.outputCount
            let block = try text.block(name, keys: LightGBMTreeReader.keys)
            try reader.read(block, output: output, into: &forest)
        }
        guard forest.treeCount % forest.outputCount == 0 else {
            throw error(
                "\(forest.treeCount) trees are no whole number of iterations of "
                    + "\(forest.outputCount)")
        }
        return zip(starts, starts.dropFirst()).map { $1 - $0 }
    }

    /// The library cuts the file at these sizes, so that with others it would read another model.
    private func check(
        _ sizes: [Int], _ header: LightGBMBlock, _ forest: TreeEnsemble
    ) throws(ModelFileError) {
        guard let field = header.optionalField("tree_sizes") else { return }
        try field.visit(exactly: forest.treeCount) { (token) throws(ModelFileError) in
            let stated = try token.integer(in: 0...limits.artifactBytes)
            guard stated == sizes[token.position] else {
                throw token.error(
                    "\(stated) bytes are stated for a tree of \(sizes[token.position])",
                    remedy: "save the model again: it was edited or damaged")
            }
        }
    }

    private func error(_ reason: String) -> ModelFileError {
        ModelFileError(
            place: .line(max(text.line, 1), column: 1, path: "trees"), reason: reason)
    }
}
