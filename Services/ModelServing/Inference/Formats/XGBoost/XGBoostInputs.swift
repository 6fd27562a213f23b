/// What an XGBoost model says of its inputs: names, types, and since 3.1 the categories' own names.
struct XGBoostInputs {
    let learner: JSONCursor
    /// The model inside the booster, where `cats` stands.
    let model: JSONCursor
    let count: Int
    /// Before 3.4 the library counts characters where it means bytes, so that names of categories
    /// with others than those of ASCII are cut in the wrong places.
    let cutsNames: Bool
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
        guard let encodings = try encodings() else { return [] }
        let found = try encodings.count()
        guard found == 0 || found == count else {
            throw encodings.error("\(found) elements for \(count) inputs")
        }
        var result: [Vocabulary] = []
        var held = 0
        try encodings.visit { (_, encoding) throws(ModelFileError) in
            let values = try encoding.field("values")
            if let offsets = try encoding.optionalField("offsets") {
                let isCut = cutsNames ? try isBeyondASCII(values) : false
                let texts = isCut ? [] : try texts(values, offsets)
                result.append((texts, .texts))
            } else {
                result.append(try values.vocabulary(limit: limits.vocabulary))
            }
            held += ModelInput.byteCount(ofVocabulary: result[result.count - 1].labels)
            if let reason = limits.overrun(held) { throw encoding.error(reason) }
        }
        return result
    }

    /// Inputs whose categories have names that this version of the library has cut.
    func unnamed() throws(ModelFileError) -> [Int] {
        guard cutsNames, let encodings = try encodings() else { return [] }
        var found: [Int] = []
        try encodings.visit { (input, encoding) throws(ModelFileError) in
            guard try encoding.optionalField("offsets") != nil,
                try isBeyondASCII(encoding.field("values"))
            else { return }
            found.append(input)
        }
        return found
    }

    private func encodings() throws(ModelFileError) -> JSONCursor? {
        try model.optionalField("cats")?.optionalField("enc")
    }

    private func isBeyondASCII(_ values: JSONCursor) throws(ModelFileError) -> Bool {
        try values.integers(in: -128...127).contains { $0 < 0 }
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
