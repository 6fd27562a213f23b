/// A model as CatBoost saves it, drawn from bytes: sizes agree, and now and then something does not.
struct CatBoostDraft {
    private var source: ByteSource
    private let numbers: Int
    private let categories: Int
    private let outputs: Int

    init(_ source: ByteSource) {
        self.source = source
        numbers = self.source.below(4)
        categories = self.source.below(3)
        outputs = self.source.pick([1, 1, 3])
    }

    private static let losses = [
        "Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll", "Poisson", "Tweedie", "RMSE",
        "MultiRMSE", "Quantile", "YetiRank",
    ]

    var document: DraftValue {
        mutating get {
            var features: [(String, DraftValue)] = [
                ("float_features", .array((0..<numbers).map { feature($0, flat: $0) })),
                (
                    "categorical_features",
                    .array((0..<categories).map { feature($0, flat: numbers + $0) })
                ),
            ]
            if source.below(8) > 0 {
                let known = ["red", "", "7", "d"].prefix(source.below(5))
                let hashes = known.map { text in
                    DraftValue.object([
                        ("hash", .number("\(4_294_967_295 - Int(source.byte()))")),
                        ("value", .text(text)),
                    ])
                }
                features.append(("cat_features_hash", .array(hashes)))
            }
            let loss = source.pick(Self.losses)
            let parameters = "{\"params\":{\"loss_function\":{\"type\":\"\(loss)\"}}}"
            let isNested = source.flag()
            let trees = (0..<source.below(4)).map { _ in isNested ? nested() : oblivious() }
            let bias = (0..<outputs).map { _ in number() }
            return .object([
                ("features_info", .object(features)), ("model_info", .number(parameters)),
                (isNested ? "trees" : "oblivious_trees", .array(trees)),
                (
                    "scale_and_bias",
                    .array([.number(source.flag() ? "1" : number()), .numbers(bias, "D")])
                ),
            ])
        }
    }

    private mutating func feature(_ index: Int, flat: Int) -> DraftValue {
        let place = source.rarely() ? 4_095 : flat
        return .object([
            ("feature_index", .number("\(index)")), ("flat_feature_index", .number("\(place)")),
            ("nan_value_treatment", .text(source.pick(["AsIs", "AsFalse", "AsTrue"]))),
        ])
    }

    // MARK: Trees

    private mutating func number() -> String {
        source.rarely() ? source.hostileNumber() : source.number()
    }

    private mutating func split() -> DraftValue {
        let isNumber = categories == 0 || source.flag()
        guard !isNumber else {
            return .object([
                ("border", .number(number())),
                ("float_feature_index", .number("\(source.below(max(numbers, 1)))")),
                ("split_type", .text(source.rarely() ? "OnlineCtr" : "FloatFeature")),
            ])
        }
        return .object([
            ("cat_feature_index", .number("\(source.below(categories))")),
            ("split_type", .text("OneHotFeature")),
            ("value", .number("\(-1 - Int(source.byte()))")),
        ])
    }

    private mutating func oblivious() -> DraftValue {
        let depth = source.rarely() ? 21 : source.below(5)
        let leaves = depth > 20 ? 1 : 1 << depth
        var members: [(String, DraftValue)] = [
            (
                "leaf_values",
                .numbers((0..<leaves * outputs).map { _ in number() }, "D")
            ),
            ("splits", .array((0..<depth).map { _ in split() })),
        ]
        if source.flag() {
            let weights = (0..<leaves).map { _ in "\(source.below(256))" }
            members.append(("leaf_weights", .numbers(weights, "D")))
        }
        return .object(members)
    }

    private mutating func nested() -> DraftValue {
        nested(TreeDraft(&source), 0, depth: 0)
    }

    private mutating func nested(_ shape: TreeDraft, _ node: Int, depth: Int) -> DraftValue {
        guard shape.left.indices.contains(node), !shape.isLeaf(node), depth < 12 else {
            let values = (0..<outputs).map { _ in number() }
            return .object([
                ("value", outputs == 1 ? .number(values[0]) : .numbers(values, "D")),
                ("weight", .number("\(source.below(256))")),
            ])
        }
        let left = nested(shape, shape.left[node], depth: depth + 1)
        let right = nested(shape, shape.right[node], depth: depth + 1)
        return .object([("left", left), ("right", right), ("split", split())])
    }
}
