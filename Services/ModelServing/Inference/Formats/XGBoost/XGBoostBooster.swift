/// The booster of an XGBoost model: which kind it is, and where its model stands.
struct XGBoostBooster {
    enum Kind { case trees, linear }

    let kind: Kind
    let model: JSONCursor
    /// DART: the weight of each tree.
    let treeWeights: JSONCursor?

    init(_ booster: JSONCursor) throws(ModelFileError) {
        let name = try booster.field("name")
        switch try name.text() {
        case "gbtree", "dart":
            kind = .trees
            let nested = try booster.optionalField("gbtree")
            model = try (nested ?? booster).field("model")
            // DART's weights stand beside the model to 3.3, inside it since 3.4.
            if let beside = try booster.optionalField("weight_drop") {
                treeWeights = beside
            } else {
                treeWeights = try model.optionalField("weight_drop")
            }
        case "gblinear":
            kind = .linear
            model = try booster.field("model")
            treeWeights = nil
        case let other:
            throw name.error(
                "the booster \"\(other.prefix(64))\" is not supported",
                remedy: "train with booster=gbtree, dart or gblinear")
        }
    }

    /// Weights input by input, each with one per output, then a bias per output. A missing input
    /// adds nothing. Of several base margins (since 3.1) the library's linear booster takes the
    /// first for every output.
    func linear(inputs: Int, base: [Double]) throws(ModelFileError) -> LinearModel {
        let field = try model.field("weights")
        let outputs = base.count
        let count = try field.count()
        guard count == (inputs + 1) * outputs else {
            throw field.error(
                "\(count) weights for \(inputs) inputs and \(outputs) outputs with a bias")
        }
        let weights = try field.floats().map(Double.init)
        return LinearModel(
            profile: .xgboost, impute: [Double?](repeating: 0, count: inputs),
            mean: [Double](repeating: 0, count: inputs),
            scale: [Double](repeating: 1, count: inputs),
            weights: (0..<outputs).map { output in
                (0..<inputs).map { weights[$0 * outputs + output] }
            },
            intercept: Array(weights[(inputs * outputs)...]),
            base: [Double](repeating: base[0], count: outputs))
    }
}
