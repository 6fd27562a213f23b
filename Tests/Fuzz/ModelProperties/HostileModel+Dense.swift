internal import ModelFixtures

// Models that take as few bytes as they can for what they become: what memory limits are for.
extension HostileModel {
    static let dense: [HostileModel] = [
        HostileModel(name: "xgboost: stumps in short numbers", path: nil) { size in
            var model = SmallModel()
            stump(&model)
            let one = model.bytes.count
            model.copies = 2
            let more = max(model.bytes.count - one, 1)
            model.copies = min(100_000, max(1, size / more))
            return model.bytes
        },
        HostileModel(name: "xgboost: one chain of many nodes", path: "trees[0]") { size in
            var model = SmallModel()
            chain(&model, nodes: min(1_000_001, max(2_001, size / 25)) | 1)
            return model.bytes
        },
        HostileModel(name: "ubjson: bushes in one byte a number", path: nil) {
            UBJSONBushes(size: $0).bytes
        },
        HostileModel(name: "lightgbm: trees of many leaves", path: nil) {
            LightGBMBushes(size: $0).bytes
        },
        HostileModel(name: "lightgbm: linear leaves without inputs", path: nil) {
            LightGBMBushes(size: $0, isLinear: true).bytes
        },
        HostileModel(name: "ubjson: lists of categories", path: nil) {
            UBJSONBushes(size: $0, categories: 255).bytes
        },
        HostileModel(name: "lightgbm: sets of categories", path: nil) {
            LightGBMBushes(size: $0, words: 500).bytes
        },
        HostileModel(name: "lightgbm: names of categories", path: nil) { size in
            var model = SmallLightGBM()
            model["max_feature_idx"] = "99"
            model["feature_names"] = (0..<100).map { "f\($0)" }.joined(separator: " ")
            model["feature_infos"] = repeated("1", 200, separator: " ")
            let list = (0..<min(65_536, size / 500 + 1)).map { "\"\($0 % 7)\"" }
            let one = "[\(list.joined(separator: ","))]"
            model.categories =
                "[" + [String](repeating: one, count: 100).joined(separator: ",") + "]"
            return model.bytes
        },
        HostileModel(name: "catboost: leaves of oblivious trees", path: nil) { size in
            let split = #"{"split_type":"FloatFeature","float_feature_index":0,"border":0.5}"#
            let depth = 12
            let splits = [String](repeating: split, count: depth).joined(separator: ",")
            let values = [String](repeating: "0", count: 1 << depth).joined(separator: ",")
            let tree = #"{"splits":[\#(splits)],"leaf_values":[\#(values)]}"#
            return catboostFile("\"oblivious_trees\":[\(repeated(tree, size))]")
        },
        HostileModel(name: "catboost: nested trees", path: nil) { size in
            let split = #"{"split_type":"FloatFeature","float_feature_index":0,"border":0}"#
            var tree = #"{"value":0,"weight":1}"#
            for _ in 0..<7 { tree = #"{"left":\#(tree),"right":\#(tree),"split":\#(split)}"# }
            return catboostFile("\"trees\":[\(repeated(tree, size))]")
        },
        HostileModel(name: "forest: classes of many leaves", path: nil) { size in
            let value = "[" + [String](repeating: "0", count: 100).joined(separator: ",") + "]"
            let tree = #"""
                {"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,0,0],"threshold":[0,0,0],
                "samples":[2,1,1],"value":[\#(value),\#(value),\#(value)]}
                """#
            return Array("{\"trees\":[\(repeated(tree, size))]}".utf8)
        },
        HostileModel(name: "linear: as many outputs and inputs as may be", path: nil) { size in
            let (outputs, inputs) = (min(1_024, max(1, size / 8_192)), min(4_096, max(1, size / 2)))
            let row = "[" + [String](repeating: "0", count: inputs).joined(separator: ",") + "]"
            let names = (0..<inputs).map { "\"\($0)\"" }.joined(separator: ",")
            let zeros = [String](repeating: "0", count: outputs).joined(separator: ",")
            return Array(
                #"""
                {"format":"assay-linear","version":1,"inputs":[\#(names)],"link":"identity",
                "coefficients":[\#([String](repeating: row, count: outputs).joined(separator: ","))],
                "intercept":[\#(zeros)]}
                """#.utf8)
        },
    ]

    static func catboostFile(_ trees: String) -> [UInt8] {
        Array(
            #"""
            {"features_info":{"float_features":[{"feature_index":0,"flat_feature_index":0}]},
            "model_info":{"params":{"loss_function":{"type":"RMSE"}}},\#(trees),
            "scale_and_bias":[1,[0]]}
            """#.utf8)
    }

    private static func stump(_ model: inout SmallModel) {
        model.nodes = "3"
        (model.left, model.right, model.indices) = ("[1,-1,-1]", "[2,-1,-1]", "[0,0,0]")
        (model.conditions, model.defaults) = ("[0,0,0]", "[0,0,0]")
        (model.cover, model.types) = ("[2,1,1]", "[0,0,0]")
    }

    /// Deeper than any tree may be.
    private static func chain(_ model: inout SmallModel, nodes: Int) {
        let zeros = "[" + [String](repeating: "0", count: nodes).joined(separator: ",") + "]"
        func children(_ step: Int) -> String {
            let list = (0..<nodes).map { node in
                node % 2 == 0 && node + 2 < nodes ? "\(node + step)" : "-1"
            }
            return "[" + list.joined(separator: ",") + "]"
        }
        model.nodes = "\(nodes)"
        (model.left, model.right, model.indices) = (children(1), children(2), zeros)
        (model.conditions, model.defaults) = (zeros, zeros)
        (model.cover, model.types) = (zeros, zeros)
    }
}

/// XGBoost models whose trees are complete and whose numbers have one byte each, or two where they
/// must.
struct UBJSONBushes {
    let size: Int
    /// Listed at each split, one byte each.
    var categories = 0

    var bytes: [UInt8] {
        let depth = 6
        let count = (2 << depth) - 1
        let splits = count / 2
        func list(_ make: (Int) -> Int) -> DraftValue {
            .numbers((0..<count).map { "\(make($0))" }, "U")
        }
        func children(_ step: Int) -> DraftValue {
            let numbers = (0..<count).map { $0 < splits ? 2 * $0 + step : -1 }
            return .numbers(numbers.map(String.init), "I")
        }
        var members: [(String, DraftValue)] = []
        if categories > 0 {
            let listed = (0..<splits).flatMap { _ in (0..<categories).map(String.init) }
            members = [
                ("categories", .numbers(listed, "U")),
                ("categories_nodes", .numbers((0..<splits).map(String.init), "U")),
                ("categories_segments", .integers((0..<splits).map { $0 * categories })),
                ("categories_sizes", .integers([Int](repeating: categories, count: splits))),
                ("split_type", list { $0 < splits ? 1 : 0 }),
            ]
        }
        members += [
            ("default_left", list { _ in 0 }), ("left_children", children(1)),
            ("right_children", children(2)), ("split_conditions", list { $0 % 9 }),
            ("split_indices", list { _ in 0 }),
            (
                "tree_param",
                .object([
                    ("num_deleted", .text("0")), ("num_feature", .text("1")),
                    ("num_nodes", .text("\(count)")), ("size_leaf_vector", .text("1")),
                ])
            ),
        ]
        let tree = DraftValue.object(members).ubjson
        let trees = min(100_000, max(1, size / tree.count))
        let info = DraftValue.numbers([String](repeating: "0", count: trees), "U")
        let head = DraftValue.object([
            ("num_parallel_tree", .text("1")), ("num_trees", .text("\(trees)")),
        ])
        let parameters = DraftValue.object([
            ("base_score", .text("5E-1")), ("num_class", .text("0")), ("num_feature", .text("1")),
        ])
        var bytes = Array("{".utf8)
        func key(_ name: String) -> [UInt8] {
            let count = DraftValue.number("\(name.utf8.count)").ubjson
            return count + Array(name.utf8)
        }
        bytes += key("learner") + Array("{".utf8) + key("gradient_booster") + Array("{".utf8)
        bytes += key("model") + Array("{".utf8) + key("gbtree_model_param") + head.ubjson
        bytes += key("tree_info") + info.ubjson + key("trees")
        bytes += Array("[#".utf8) + DraftValue.number("\(trees)").ubjson
        bytes.reserveCapacity(bytes.count + trees * tree.count + 1_024)
        for _ in 0..<trees { bytes += tree }
        bytes += Array("}".utf8) + key("name") + DraftValue.text("gbtree").ubjson
        bytes += Array("}".utf8) + key("learner_model_param") + parameters.ubjson
        bytes += key("objective")
        bytes += DraftValue.object([("name", .text("reg:squarederror"))]).ubjson
        bytes += Array("}".utf8) + key("version") + DraftValue.integers([3, 0, 0]).ubjson
        return bytes + Array("}".utf8)
    }
}

/// LightGBM models of complete trees in as short numbers as they can be written.
struct LightGBMBushes {
    let size: Int
    var isLinear = false
    /// Of the bits of categories, at each split; 0 where splits compare numbers.
    var words = 0

    var bytes: [UInt8] {
        let leaves = words > 0 ? 64 : 1_024
        let splits = leaves - 1
        func list(_ count: Int, _ make: (Int) -> Int) -> String {
            (0..<count).map { "\(make($0))" }.joined(separator: " ")
        }
        func child(_ number: Int) -> Int { number < splits ? number : splits - 1 - number }
        let isCategorical = words > 0
        var fields = [
            ("num_leaves", "\(leaves)"), ("num_cat", isCategorical ? "\(splits)" : "0"),
            ("split_feature", list(splits) { _ in 0 }),
            ("threshold", list(splits) { isCategorical ? $0 : $0 % 9 }),
            ("decision_type", list(splits) { _ in isCategorical ? 1 : 0 }),
            ("left_child", list(splits) { child(2 * $0 + 1) }),
            ("right_child", list(splits) { child(2 * $0 + 2) }),
            ("leaf_value", list(leaves) { _ in 0 }),
        ]
        if isCategorical {
            fields += [
                ("cat_boundaries", list(splits + 1) { $0 * words }),
                ("cat_threshold", list(splits * words) { $0 % 9 }),
            ]
        }
        if isLinear {
            fields += [
                ("is_linear", "1"), ("leaf_const", list(leaves) { _ in 0 }),
                ("num_features", list(leaves) { _ in 0 }), ("leaf_features", ""),
                ("leaf_coeff", ""),
            ]
        }
        let lines = fields.map { "\($0.0)=\($0.1)\n" }.joined()
        var text = """
            tree
            version=v4
            num_class=1
            num_tree_per_iteration=1
            label_index=0
            max_feature_idx=0
            objective=regression
            feature_names=a
            feature_infos=[0:1]


            """
        for tree in 0..<min(100_000, max(1, size / lines.utf8.count)) {
            text += "Tree=\(tree)\n\(lines)\n\n"
        }
        return Array((text + "end of trees\n").utf8)
    }
}
