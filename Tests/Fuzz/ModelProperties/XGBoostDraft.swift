/// A model as XGBoost saves it, drawn from bytes: sizes agree, and now and then something does not.
struct XGBoostDraft {
    private var source: ByteSource
    private let inputs: Int
    private let classes: Int
    private let trees: Int

    init(_ source: ByteSource) {
        self.source = source
        inputs = self.source.below(5) + 1
        classes = self.source.pick([0, 0, 1, 3])
        trees = self.source.below(4)
    }

    private static let objectives = [
        "binary:logistic", "reg:logistic", "binary:logitraw", "binary:hinge", "reg:squarederror",
        "reg:gamma", "count:poisson", "reg:quantileerror", "reg:expectileerror", "survival:aft",
        "rank:ndcg", "multi:softprob", "multi:softmax",
    ]
    private static let versions = [
        [1, 4, 0], [1, 6, 2], [1, 7, 6], [3, 0, 5], [3, 2, 0], [3, 4, 1],
    ]
    private static let baseScores = [
        "5E-1", "[5E-1]", "(0.5,)", "[4.66E-1]", "1E0", "0", "[1,2,3]", "[0.1,0.2,0.3]", "-1E0",
        "1e-7", "3.4e38", "[]", "(1,2", "NaN", "x",
    ]

    var document: DraftValue {
        mutating get {
            let booster = source.pick(["gbtree", "gbtree", "gbtree", "dart", "gblinear"])
            let learner: [(String, DraftValue)] = [
                ("attributes", attributes()),
                ("feature_names", .texts(names())),
                ("feature_types", .texts(types())),
                ("gradient_booster", self.booster(booster)),
                (
                    "learner_model_param",
                    .object([
                        ("base_score", .text(source.pick(Self.baseScores))),
                        ("num_class", .text("\(classes)")), ("num_feature", .text("\(inputs)")),
                        ("num_target", .text(source.rarely() ? "3" : "1")),
                    ])
                ),
                ("objective", .object([("name", .text(source.pick(Self.objectives)))])),
            ]
            let version = DraftValue.integers(source.pick(Self.versions))
            return .object([("learner", .object(learner)), ("version", version)])
        }
    }

    // MARK: Head

    private mutating func attributes() -> DraftValue {
        guard source.below(8) == 0 else { return .object([]) }
        return .object([("best_iteration", .text("\(source.below(5))"))])
    }

    private mutating func names() -> [String] {
        source.flag() ? (0..<inputs).map { "f\($0)" } : []
    }

    private mutating func types() -> [String] {
        source.flag() ? (0..<inputs).map { _ in source.pick(["q", "c", "float", "i"]) } : []
    }

    // MARK: Booster

    private mutating func booster(_ kind: String) -> DraftValue {
        if kind == "gblinear" {
            let weights = (0..<(inputs + 1) * max(classes, 1)).map { _ in number() }
            return .object([
                (
                    "model",
                    .object([
                        ("boosted_rounds", .number("2")), ("weights", .numbers(weights, "d")),
                    ])
                ), ("name", .text(kind)),
            ])
        }
        let model = self.model()
        let weights = DraftValue.numbers((0..<source.below(trees + 1)).map { _ in number() }, "d")
        guard kind == "dart" else { return .object([("model", model), ("name", .text(kind))]) }
        if source.flag() {
            guard case .object(let members) = model else { return model }
            return .object([
                ("model", .object(members + [("weight_drop", weights)])),
                ("name", .text("gbtree")),
            ])
        }
        return .object([
            ("gbtree", .object([("model", model), ("name", .text("gbtree"))])),
            ("name", .text("dart")), ("weight_drop", weights),
        ])
    }

    private mutating func model() -> DraftValue {
        let stated = source.rarely() ? source.below(256) : trees
        let parallel = source.pick([1, 1, 1, 0, 2, 255])
        var members: [(String, DraftValue)] = [
            (
                "gbtree_model_param",
                .object([
                    ("num_parallel_tree", .text("\(parallel)")), ("num_trees", .text("\(stated)")),
                ])
            )
        ]
        if source.flag() {
            let starts = (0...trees).filter { $0 == 0 || $0 == trees || source.flag() }
            members.append(("iteration_indptr", .integers(starts)))
        }
        let outputs = (0..<trees).map { _ in source.below(max(classes, 1)) }
        members.append(("tree_info", .integers(outputs)))
        members.append(("trees", .array((0..<trees).map { tree($0) })))
        if source.below(6) == 0 { members.append(("cats", categories())) }
        return .object(members)
    }

    /// Names of the categories of every input.
    private mutating func categories() -> DraftValue {
        var encodings: [DraftValue] = []
        for _ in 0..<inputs {
            if source.flag() {
                let values = (0..<source.below(5)).map { "\($0 * 10)" }
                encodings.append(
                    .object([("type", .number("15")), ("values", .numbers(values, "l"))]))
            } else {
                var offsets = [0]
                for _ in 0..<source.below(4) { offsets.append(offsets[offsets.count - 1] + 2) }
                if source.rarely() { offsets.append(source.below(256)) }
                let bytes = (0..<2 * (offsets.count - 1)).map { _ in "\(97 + source.below(26))" }
                encodings.append(
                    .object([("offsets", .integers(offsets)), ("values", .numbers(bytes, "l"))]))
            }
        }
        return .object([("enc", .array(encodings))])
    }

    // MARK: Trees

    private mutating func number() -> String {
        source.rarely() ? source.hostileNumber() : source.number()
    }

    private mutating func numbers(_ count: Int) -> DraftValue {
        .numbers((0..<count).map { _ in number() }, "d")
    }

    private mutating func tree(_ id: Int) -> DraftValue {
        let shape = TreeDraft(&source)
        let count = shape.count
        let indices = (0..<count).map { _ in source.rarely() ? 255 : source.below(inputs) }
        let isCategorical = source.below(3) == 0
        let kinds = (0..<count).map { node in
            isCategorical && !shape.isLeaf(node) && source.flag() ? 1 : 0
        }
        let owners = kinds.indices.filter { kinds[$0] == 1 }
        var (listed, starts, sizes): ([Int], [Int], [Int]) = ([], [], [])
        for _ in owners {
            let set = (0..<source.below(40)).filter { _ in source.flag() }
            starts.append(source.rarely() ? source.below(256) : listed.count)
            sizes.append(set.count)
            listed += source.rarely() ? set.reversed() : set
        }
        let stated = source.rarely() ? "2147483648" : "\(count)"
        var members: [(String, DraftValue)] = [
            ("categories", .integers(listed)), ("categories_nodes", .integers(owners)),
            ("categories_segments", .numbers(starts.map(String.init), "L")),
            ("categories_sizes", .numbers(sizes.map(String.init), "L")),
            ("default_left", .numbers((0..<count).map { _ in source.flag() ? "1" : "0" }, "U")),
            ("id", .number("\(id)")), ("left_children", .integers(shape.left)),
            ("right_children", .integers(shape.right)), ("split_conditions", numbers(count)),
            ("split_indices", .integers(indices)),
            ("split_type", .numbers(kinds.map(String.init), "U")),
        ]
        if source.flag() {
            let covers = (0..<count).map { _ in "\(source.below(256))" }
            members.append(("sum_hessian", .numbers(covers, "d")))
        }
        if source.flag() { members.append(("loss_changes", numbers(count))) }
        members.append(
            (
                "tree_param",
                .object([
                    ("num_deleted", .text(source.rarely() ? "1" : "0")),
                    ("num_feature", .text("\(inputs)")), ("num_nodes", .text(stated)),
                    ("size_leaf_vector", .text(source.rarely() ? "2" : "1")),
                ])
            ))
        return .object(members)
    }
}
