internal import ModelFixtures

/// A model as LightGBM saves it, drawn from bytes: sizes agree, and now and then something does not.
struct LightGBMDraft {
    private var source: ByteSource
    private let inputs: Int
    private let classes: Int
    private let isLinear: Bool

    init(_ source: ByteSource) {
        self.source = source
        inputs = self.source.below(5) + 1
        classes = self.source.pick([1, 1, 3])
        isLinear = self.source.below(5) == 0
    }

    private static let objectives = [
        "binary sigmoid:1", "binary sigmoid:0.7", "regression", "regression sqrt", "poisson",
        "tweedie tweedie_variance_power:1.5", "cross_entropy", "cross_entropy_lambda",
        "lambdarank", "multiclass num_class:3", "multiclassova num_class:3 sigmoid:1", "",
    ]

    var text: String {
        mutating get {
            let trees = classes * source.below(3)
            let blocks = (0..<trees).map { "Tree=\($0)\n" + lines(tree()) + "\n\n" }
            var sizes = blocks.map { "\($0.utf8.count)" }
            if source.rarely() { sizes.append("1") }
            let objective = source.pick(Self.objectives)
            var header = [
                ("version", source.pick(["v4", "v3", "v2"])), ("num_class", "\(classes)"),
                ("num_tree_per_iteration", "\(classes)"), ("label_index", "0"),
                ("max_feature_idx", "\(inputs - 1)"),
            ]
            if !objective.isEmpty { header.append(("objective", objective)) }
            header.append(
                ("feature_names", (0..<inputs).map { "f\($0)" }.joined(separator: " ")))
            let ranges = (0..<inputs).map { _ in source.pick(["[0:1]", "1:2:33", "none", "[-1:9]"])
            }
            header.append(("feature_infos", ranges.joined(separator: " ")))
            header.append(("tree_sizes", sizes.joined(separator: " ")))
            let averaged = source.below(4) == 0 ? "average_output\n" : ""
            let categories = source.pick(["null", "[]", #"[["red","green"]]"#, "[[1,2.5,-3]]", "["])
            return "tree\n" + averaged + lines(header) + "\n" + blocks.joined()
                + SmallLightGBM().end + "pandas_categorical:\(categories)\n"
        }
    }

    private func lines(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\($0.1)\n" }.joined()
    }

    // MARK: Trees

    private mutating func number() -> String {
        source.rarely() ? source.hostileNumber() : source.number()
    }

    private mutating func list(_ count: Int, _ make: (inout LightGBMDraft) -> String) -> String {
        (0..<count).map { _ in make(&self) }.joined(separator: " ")
    }

    private mutating func tree() -> [(String, String)] {
        let shape = TreeDraft(&source)
        let names = shape.complements
        func name(_ child: Int) -> String {
            "\(names.indices.contains(child) ? names[child] : child)"
        }
        let splits = shape.left.indices.filter { !shape.isLeaf($0) }
        let leaves = shape.count - splits.count
        var (thresholds, decisions, words): ([String], [String], [String]) = ([], [], [])
        var boundaries = [0]
        for _ in splits {
            guard source.below(4) == 0 else {
                thresholds.append(number())
                decisions.append("\(source.pick([0, 2, 4, 6, 8, 10]) + (source.rarely() ? 4 : 0))")
                continue
            }
            thresholds.append("\(boundaries.count - 1)")
            decisions.append("1")
            for _ in 0...source.below(2) {
                words.append("\(Int(source.byte()) << source.below(25))")
            }
            boundaries.append(words.count)
        }
        var fields = [
            ("num_leaves", source.rarely() ? "2147483648" : "\(leaves)"),
            ("num_cat", "\(boundaries.count - 1)"),
            ("split_feature", list(splits.count) { "\($0.source.below($0.inputs))" }),
            ("split_gain", list(splits.count) { $0.number() }),
            ("threshold", thresholds.joined(separator: " ")),
            ("decision_type", decisions.joined(separator: " ")),
            ("left_child", splits.map { name(shape.left[$0]) }.joined(separator: " ")),
            ("right_child", splits.map { name(shape.right[$0]) }.joined(separator: " ")),
            ("leaf_value", list(leaves) { $0.number() }),
            ("leaf_weight", list(leaves) { _ in "1" }),
            ("leaf_count", list(leaves) { "\($0.source.below(99))" }),
            ("internal_value", list(splits.count) { _ in "0" }),
            ("internal_weight", list(splits.count) { _ in "0" }),
            ("internal_count", list(splits.count) { "\($0.source.byte())" }),
        ]
        if boundaries.count > 1 {
            fields.append(("cat_boundaries", boundaries.map(String.init).joined(separator: " ")))
            fields.append(("cat_threshold", words.joined(separator: " ")))
        }
        fields.append(("is_linear", isLinear ? "1" : "0"))
        if isLinear { fields += linear(leaves) }
        return fields + [("shrinkage", "1")]
    }

    private mutating func linear(_ leaves: Int) -> [(String, String)] {
        let counts = (0..<leaves).map { _ in source.below(3) }
        var (features, coefficients) = ("", "")
        for count in counts {
            features += list(count) { "\($0.source.below($0.inputs))" } + " "
            coefficients += list(count) { $0.number() } + " "
        }
        return [
            ("leaf_const", list(leaves) { $0.number() }),
            ("num_features", counts.map(String.init).joined(separator: " ")),
            ("leaf_features", features), ("leaf_coeff", coefficients),
        ]
    }
}
