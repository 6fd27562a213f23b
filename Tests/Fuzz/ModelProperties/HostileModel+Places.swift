internal import ModelFixtures

// Faults of each format, each with the place that its refusal must name.
extension HostileModel {
    private static let tree = "$.learner.gradient_booster.model.trees[0]"

    static let xgboost: [HostileModel] = [
        small("a cycle", "\(tree).left_children") { $0.left = "[1,-1,0,-1,-1]" },
        small("two parents", "\(tree).left_children") { $0.left = "[1,-1,1,-1,-1]" },
        small("a child beyond the tree", "\(tree).left_children[2]") { $0.left = "[1,-1,5,-1,-1]" },
        small("an input beyond the model", "\(tree).split_indices[2]") {
            $0.indices = "[0,0,3,0,0]"
        },
        small("2^31 nodes", "\(tree).tree_param.num_nodes") { $0.nodes = "2147483648" },
        small("2^31 trees", "num_trees") { $0.trees = "2147483648" },
        small("2^31 classes", "$.learner.learner_model_param.num_class") {
            $0.classes = "2147483648"
        },
        small("2^31 inputs", "$.learner.learner_model_param.num_feature") {
            $0.inputs = "2147483648"
        },
        small("2^63 trees a round", "num_parallel_tree") { $0.parallel = "9223372036854775808" },
        small("a threshold of NaN", "\(tree).split_conditions[0]") {
            $0.conditions = "[NaN,-1E0,1.5E0,2E-1,1E0]"
        },
        small("an infinite leaf", "\(tree).split_conditions[4]") {
            $0.conditions = "[5E-1,-1E0,1.5E0,2E-1,1E39]"
        },
        small("a negative cover", "\(tree).sum_hessian[1]") { $0.cover = "[1E1,-4E0,6E0,2E0,4E0]" },
        HostileModel(name: "xgboost: many base scores", path: "base_score") { size in
            var model = SmallModel()
            model.baseScore = "[\(repeated("0.5", min(size, 60_000)))]"
            return model.bytes
        },
    ]

    private static func small(
        _ name: String, _ path: String, _ change: @escaping @Sendable (inout SmallModel) -> Void
    ) -> HostileModel {
        HostileModel(name: "xgboost: \(name)", path: path) { _ in
            var model = SmallModel()
            change(&model)
            return model.bytes
        }
    }

    // MARK: UBJSON

    private static func long(_ value: UInt64) -> [UInt8] {
        Array("L".utf8) + (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }

    /// `{"learner": …`
    private static func learner(
        _ name: String, _ path: String = "$.learner", _ value: @escaping @Sendable (Int) -> [UInt8]
    ) -> HostileModel {
        HostileModel(name: "ubjson: \(name)", path: path) { size in
            Array("{".utf8) + long(7) + Array("learner".utf8) + value(size)
        }
    }

    static let ubjson: [HostileModel] = [
        learner("2^31 numbers in nothing") { _ in Array("[$d#".utf8) + long(1 << 31) },
        learner("2^62 numbers of eight bytes") { _ in Array("[$D#".utf8) + long(1 << 62) },
        learner("2^62 elements") { _ in Array("[#".utf8) + long(1 << 62) },
        learner("fewer than no elements") { _ in Array("[#".utf8) + long(.max) },
        learner("a text of 2^62 bytes") { _ in Array("S".utf8) + long(1 << 62) },
        learner("a key of 2^31 bytes") { _ in Array("{".utf8) + long(1 << 31) },
        learner("a list of lists of counts", "$.learner[0][0]") { size in
            (0..<max(200, size / 11)).flatMap { _ in Array("[#".utf8) + long(1) }
        },
        learner("nulls", "$.learner[") { size in
            Array("[".utf8) + [UInt8](repeating: UInt8(ascii: "Z"), count: size + 99_999)
        },
        learner("an object of one type") { _ in Array("{$d#".utf8) + long(3) },
        learner("numbers that end too early") { _ in
            Array("[$d#".utf8) + long(3) + [UInt8](repeating: 0, count: 11)
        },
    ]

    // MARK: LightGBM

    private static func text(
        _ name: String, _ path: String, _ change: @escaping @Sendable (inout SmallLightGBM) -> Void
    ) -> HostileModel {
        HostileModel(name: "lightgbm: \(name)", path: path) { _ in
            var model = SmallLightGBM()
            change(&model)
            return model.bytes
        }
    }

    static let lightgbm: [HostileModel] = [
        text("2^31 leaves", "Tree=0.num_leaves") { $0["num_leaves"] = "2147483648" },
        text("2^31 inputs", "header.max_feature_idx") { $0["max_feature_idx"] = "2147483648" },
        text("2^31 trees a round", "header.num_tree_per_iteration") {
            $0["num_tree_per_iteration"] = "2147483648"
        },
        text("a cycle", "Tree=0.left_child") { $0["left_child"] = "-1 0 -3" },
        text("a child beyond the tree", "Tree=0.left_child[2]") { $0["left_child"] = "-1 -2 -9" },
        text("a threshold of NaN", "Tree=0.threshold[1]") { $0["threshold"] = "0.5 nan 0" },
        text("an infinite leaf", "Tree=0.leaf_value[1]") { $0["leaf_value"] = "-1 inf 0 1" },
        text("an input beyond the model", "Tree=0.split_feature[2]") {
            $0["split_feature"] = "0 1 3"
        },
        text("2^31 words of categories", "Tree=0.cat_boundaries") {
            $0["cat_boundaries"] = "0 2147483647"
        },
        text("the same key twice", "Tree=0.shrinkage") { $0.tree.append(("shrinkage", "1")) },
        text("a size that lies", "header.tree_sizes[0]") { $0.sizes = "2147483647" },
        HostileModel(name: "lightgbm: one long line", path: "Tree=0.leaf_value") { size in
            var model = SmallLightGBM()
            model["leaf_value"] = repeated("0", size, separator: " ")
            return model.bytes
        },
        HostileModel(name: "lightgbm: a long key", path: "header.") {
            Array("tree\n\(String(repeating: "k", count: $0))=1\n".utf8)
        },
        HostileModel(name: "lightgbm: deep names", path: "pandas_categorical[0][0]") { size in
            var model = SmallLightGBM()
            model.categories = String(repeating: "[", count: size + 200)
            return model.bytes
        },
    ]

    // MARK: CatBoost

    private static func oblivious(
        _ name: String, _ path: String, _ tree: String
    ) -> HostileModel {
        HostileModel(name: "catboost: \(name)", path: path) { _ in
            catboostFile("\"oblivious_trees\":[\(tree)]")
        }
    }

    private static let border = #"{"split_type":"FloatFeature","float_feature_index":0,"border":1}"#

    static let catboost: [HostileModel] = [
        oblivious(
            "21 levels", "$.oblivious_trees[0]",
            #"{"leaf_values":[0],"splits":[\#(repeated(border, 1_420))]}"#),
        oblivious(
            "leaves that are not there", "$.oblivious_trees[0].leaf_values",
            #"{"leaf_values":[0,1,2],"splits":[\#(border),\#(border)]}"#),
        oblivious(
            "an input beyond the model", "$.oblivious_trees[0].splits[0].float_feature_index",
            #"{"leaf_values":[0,1],"splits":[\#(border.replacing(":0,", with: ":7,"))]}"#),
        oblivious(
            "a border of NaN", "$.oblivious_trees[0].splits[0].border",
            #"{"leaf_values":[0,1],"splits":[\#(border.replacing(":1}", with: ":NaN}"))]}"#),
        oblivious(
            "an infinite leaf", "$.oblivious_trees[0].leaf_values[1]",
            #"{"leaf_values":[0,1e999],"splits":[\#(border)]}"#),
        HostileModel(name: "catboost: nodes in nodes", path: "$.trees[0]") { size in
            let depth = max(600, size / 100)
            let open = String(repeating: #"{"left":"#, count: depth)
            let close = #","right":{"value":1},"split":\#(border)}"#
            return catboostFile(
                "\"trees\":[\(open){\"value\":0}\(String(repeating: close, count: depth))]")
        },
        HostileModel(name: "catboost: many categories", path: "cat_features_hash") { size in
            let entry = (0..<max(65_537, size / 30)).map { #"{"hash":1,"value":"\#($0)"}"# }
            return Array(
                #"{"features_info":{"cat_features_hash":[\#(entry.joined(separator: ","))]}}"#.utf8)
        },
    ]

    // MARK: Assay's own

    private static func forest(
        _ name: String, _ path: String, _ old: String, _ new: String
    ) -> HostileModel {
        let sound =
            #"{"trees":[{"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,0,0],"threshold":[1,0,0],"#
            + #""samples":[9,4,5],"value":[[0,0],[1,0],[0,1]]}]}"#
        return HostileModel(name: "forest: \(name)", path: path) { _ in
            Array(sound.replacing(old, with: new).utf8)
        }
    }

    static let own: [HostileModel] = [
        forest("a cycle", "$.trees[0].left", "[1,-1,-1]", "[0,-1,-1]"),
        forest("a child beyond the tree", "$.trees[0].left[0]", "[1,-1,-1]", "[3,-1,-1]"),
        forest("2^31 inputs", "$.trees[0].feature[0]", "[0,0,0]", "[2147483647,0,0]"),
        forest("a threshold of NaN", "$.trees[0].threshold[0]", "[1,0,0]", "[NaN,0,0]"),
        forest("a leaf that is no number", "$.trees[0].value[1][0]", "[1,0]", "[null,0]"),
        HostileModel(name: "linear: more inputs than may be", path: "$.coefficients") {
            Array(
                #"{"coefficients":[\#(repeated("0", max($0, 9_000)))],"intercept":0}"#.utf8)
        },
        HostileModel(name: "linear: more outputs than may be", path: "$.coefficients") {
            Array(
                #"""
                {"format":"assay-linear","version":1,"inputs":["a"],"link":"identity",
                "coefficients":[\#(repeated("[0]", max($0, 9_000)))],"intercept":[0]}
                """#.utf8)
        },
    ]
}
