/// What an XGBoost model says of its inputs: names, types, and since 3.1 the categories' own names.
struct XGBoostInputs {
    let learner: JSONCursor
    /// The model inside the booster, where `cats` stands.
    let model: JSONCursor
    let count: Int
    let limits: FormatLimits

    private typealias Vocabulary = (labels: [String], categories: ModelInput.Categories)

    /// - Parameter categorical: inputs that some split takes as a category.
    func inputs(categorical: Set<Int>) throws(ModelFileError) -> [ModelInput] {
        let names = try texts("feature_names")
        let types = try texts("feature_types")
        let vocabularies = try vocabularies()
        return (0..<count).map { input in
            let isCategory =
                categorical.contains(input) || !types.isEmpty && types[input] == "c"
            var described = ModelInput(
                name: names.isEmpty ? "" : names[input], kind: isCategory ? .category : .number)
            if !vocabularies.isEmpty {
                (described.vocabulary, described.categories) = vocabularies[input]
            }
            return described
        }
    }

    /// One text for each input, or none.
    private func texts(_ name: StaticString) throws(ModelFileError) -> [String] {
        guard let field = try learner.optionalField(name) else { return [] }
        let found = try field.count()
        guard found == 0 || found == count else {
            throw field.error("\(found) elements for \(count) inputs")
        }
        var texts: [String] = []
        try field.visit { (_, text) throws(ModelFileError) in texts.append(try text.text()) }
        return texts
    }

    private func vocabularies() throws(ModelFileError) -> [Vocabulary] {
        guard let encodings = try model.optionalField("cats")?.optionalField("enc") else {
            return []
        }
        let found = try encodings.count()
        guard found == 0 || found == count else {
            throw encodings.error("\(found) elements for \(count) inputs")
        }
        var result: [Vocabulary] = []
        try encodings.visit { (_, encoding) throws(ModelFileError) in
            let values = try encoding.field("values")
            if let offsets = try encoding.optionalField("offsets") {
                result.append((try texts(values, offsets), .texts))
            } else {
                result.append(try values.vocabulary(limit: limits.vocabulary))
            }
        }
        return result
    }

    /// Texts as one array of signed bytes of UTF-8, and where each starts and ends.
    private func texts(
        _ values: JSONCursor, _ offsets: JSONCursor
    ) throws(ModelFileError) -> [String] {
        let bytes = try values.integers(in: -128...127).map { UInt8(truncatingIfNeeded: $0) }
        let bounds = try offsets.integers(in: 0...bytes.count).map(Int.init)
        guard let last = bounds.last else { return [] }
        guard bounds[0] == 0, last == bytes.count,
            zip(bounds, bounds.dropFirst()).allSatisfy(<=)
        else { throw offsets.error("the texts do not divide the \(bytes.count) bytes") }
        guard bounds.count <= limits.vocabulary + 1 else {
            throw offsets.error(
                "\(bounds.count - 1) categories; at most \(limits.vocabulary) are read")
        }
        var texts: [String] = []
        for (start, end) in zip(bounds, bounds.dropFirst()) {
            guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
                throw values.error("category \(texts.count) is not UTF-8")
            }
            texts.append(text)
        }
        return texts
    }
}
