/// Reads a model that CatBoost saved with `save_model(path, format="json")`: oblivious trees, and the
/// nested ones of the growing policies Lossguide and Depthwise.
///
/// Categories are read where they stand as themselves (one-hot); statistics over categories, texts
/// and embeddings are refused.
struct CatBoostLoader: DocumentLoader {
    private let root: JSONCursor
    private let limits: FormatLimits

    static func recognizes(_ document: JSONCursor) -> Bool {
        (try? document.optionalField("features_info")) != nil
    }

    /// Its files nest a tree's nodes and keep the history of training in one text: wider limits, for
    /// files that begin as CatBoost's do.
    static func widen(_ limits: inout FormatLimits, for bytes: [UInt8]) {
        let head = bytes.prefix(256).filter { ![32, 9, 10, 13].contains($0) }
        guard head.starts(with: Array("{\"features_info\":".utf8)) else { return }
        limits.depth = max(limits.depth, limits.nestedTreeDepth)
        limits.stringBytes = max(limits.stringBytes, limits.historyBytes)
    }

    static func load(
        _ document: JSONCursor, _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel {
        try CatBoostLoader(root: document, limits: options.limits).load()
    }

    private func load() throws(ModelFileError) -> LoadedModel {
        if let statistics = try root.optionalField("ctr_data"), statistics.kind != .null {
            throw statistics.error(
                "statistics over categories (CTR) are not supported",
                remedy: CatBoostFeatures.oneHotRemedy)
        }
        let features = try CatBoostFeatures(root.field("features_info"), limits: limits)
        let isOblivious = try root.optionalField("oblivious_trees") != nil
        guard let trees = try root.firstField("oblivious_trees", "trees") else {
            throw root.error("neither \"oblivious_trees\" nor \"trees\" is there")
        }
        let count = try trees.count()
        guard count <= limits.trees else {
            throw trees.error("\(count) trees; at most \(limits.trees) are read")
        }
        let (scale, bias) = try scaleAndBias()
        let reader = CatBoostTreeReader(features: features, limits: limits)
        let width = try bias.count > 1 ? bias.count : reader.width(of: trees)
        guard 1...limits.outputs ~= width else {
            throw trees.error("\(width) outputs; at most \(limits.outputs) are read")
        }

        var ensemble = TreeEnsemble(
            profile: .catboost, inputCount: features.inputs.count, outputCount: width,
            base: bias.count == width ? bias : [Double](repeating: bias[0], count: width))
        ensemble.scale = scale
        ensemble.leafWidth = width
        ensemble.categoryHashes = features.hashes
        ensemble.emptyTextHash = features.emptyTextHash
        try trees.visit { (_, tree) throws(ModelFileError) in
            if isOblivious {
                try reader.readOblivious(tree, into: &ensemble)
            } else {
                try reader.readNested(tree, into: &ensemble)
            }
        }
        return try model(ensemble, features)
    }

    private func model(
        _ ensemble: TreeEnsemble, _ features: CatBoostFeatures
    ) throws(ModelFileError) -> LoadedModel {
        let information = try CatBoostInformation(root.optionalField("model_info"), limits: limits)
        let loss = information.loss
        var remarks: [Remark] = []
        let link = CatBoostLoss.link(loss, outputs: ensemble.outputCount)
        if link == nil {
            let what = loss.isEmpty ? "no loss function is stated" : "the loss \(loss) is not known"
            remarks.append(Remark("\(what): the prediction is the margin"))
        }
        let covers =
            ensemble.nodes.isEmpty
            ? !ensemble.leafCovers.isEmpty : ensemble.nodes.allSatisfy { !$0.cover.isNaN }
        if !covers { remarks.append(Remark("no covers: attributions are not exact")) }
        return LoadedModel(
            format: .catboostJSON, library: information.library, objective: loss,
            link: link ?? .unknown, inputs: features.inputs, outputs: information.classes,
            body: .trees(ensemble), remarks: remarks)
    }

    /// `[scale, [bias of each output]]`; one bias alone in files of older versions.
    private func scaleAndBias() throws(ModelFileError) -> (Double, [Double]) {
        guard let field = try root.optionalField("scale_and_bias") else { return (1, [0]) }
        guard try field.count() == 2 else { throw field.error("expected a scale and a bias") }
        var scale = 1.0
        var bias: [Double] = []
        try field.visit { (index, value) throws(ModelFileError) in
            if index == 0 {
                scale = try value.double()
            } else {
                bias = value.kind == .array ? try value.numbers() : [try value.double()]
            }
        }
        guard 1...limits.outputs ~= bias.count else { throw field.error("a model without a bias") }
        return (scale, bias)
    }
}
