/// The inputs of a CatBoost model and what its categories hash to.
struct CatBoostFeatures {
    static let oneHotRemedy =
        "train with one_hot_max_size above the number of categories, and max_ctr_complexity=0"

    private(set) var inputs: [ModelInput] = []
    /// Hash of each code; a code is a place in the list of categories.
    private(set) var hashes: [Int32] = []
    private(set) var emptyTextHash: Int32 = 0
    /// Per number of a numeric feature.
    private(set) var numbers: [Feature] = []
    /// Per number of a categorical feature.
    private(set) var categories: [Feature] = []

    struct Feature {
        let input: Int32
        let missing: TreeEnsemble.Missing
    }

    init(_ information: JSONCursor, limits: FormatLimits) throws(ModelFileError) {
        try Self.refuse(information, "text_features", "texts as inputs are not supported")
        try Self.refuse(information, "embedding_features", "embeddings are not supported")
        try Self.refuse(
            information, "ctrs", "statistics over categories (CTR) are not supported")

        var all: [(feature: JSONCursor, input: Int, isCategory: Bool)] = []
        let lists: [(StaticString, Bool)] = [
            ("float_features", false), ("categorical_features", true),
        ]
        for (name, isCategory) in lists {
            guard let list = try information.optionalField(name), list.kind != .null else {
                continue
            }
            guard try list.count() <= limits.inputs else {
                throw list.error("more than \(limits.inputs) inputs")
            }
            try list.visit { (index, feature) throws(ModelFileError) in
                let number = try feature.field("feature_index")
                guard try number.integer(in: 0...limits.inputs) == index else {
                    throw number.error("the features do not stand in the order of their numbers")
                }
                let input = try feature.field("flat_feature_index").integer(
                    in: 0...limits.inputs - 1)
                all.append((feature, input, isCategory))
            }
        }
        let vocabulary = try readHashes(information, limits)
        inputs = [ModelInput](
            repeating: ModelInput(), count: (all.map(\.input).max() ?? 0) + 1)
        var seen: Set<Int> = []
        for (feature, input, isCategory) in all {
            guard seen.insert(input).inserted else {
                throw try feature.field("flat_feature_index").error("two features at \(input)")
            }
            inputs[input].name = try feature.optionalField("feature_id")?.text() ?? ""
            let number = Int32(truncatingIfNeeded: input)
            if isCategory {
                inputs[input].kind = .category
                inputs[input].vocabulary = vocabulary
                categories.append(Feature(input: number, missing: .left))
            } else {
                numbers.append(Feature(input: number, missing: try Self.missing(feature)))
            }
        }
    }

    private static func refuse(
        _ information: JSONCursor, _ name: StaticString, _ reason: String
    ) throws(ModelFileError) {
        guard let list = try information.optionalField(name), list.kind != .null else { return }
        guard try list.count() == 0 else { throw list.error(reason, remedy: oneHotRemedy) }
    }

    private static func missing(
        _ feature: JSONCursor
    ) throws(ModelFileError) -> TreeEnsemble.Missing {
        guard let field = try feature.optionalField("nan_value_treatment") else { return .left }
        switch try field.text() {
        case "AsIs", "AsFalse": return .left
        case "AsTrue": return .right
        case let other:
            throw field.error("\"\(other.prefix(64))\" is none of AsIs, AsFalse, AsTrue")
        }
    }

    /// Reads the hashes of the categories; returns their texts in the order of their codes.
    private mutating func readHashes(
        _ information: JSONCursor, _ limits: FormatLimits
    ) throws(ModelFileError) -> [String] {
        guard let list = try information.optionalField("cat_features_hash"), list.kind != .null
        else { return [] }
        guard try list.count() <= limits.vocabulary else {
            throw list.error("more than \(limits.vocabulary) categories")
        }
        var texts: [String] = []
        var seen: Set<String> = []
        try list.visit { (_, entry) throws(ModelFileError) in
            let text = try entry.field("value").text()
            guard seen.insert(text).inserted else {
                throw entry.error("the category \"\(text.prefix(64))\" stands here twice")
            }
            let hash = try entry.field("hash").integer(in: 0...Int(UInt32.max))
            let signed = Int32(truncatingIfNeeded: hash)
            texts.append(text)
            hashes.append(signed)
            if text.isEmpty { emptyTextHash = signed }
        }
        return texts
    }
}
