/// What a LightGBM model says of its inputs: names, and the categories of a pandas table.
struct LightGBMInputs {
    private let names: [String]
    /// Inputs that were trained as categories, used by a split or not.
    private let categorical: [Int]
    private let limits: FormatLimits

    init(
        _ header: LightGBMBlock, _ forest: TreeEnsemble, _ limits: FormatLimits
    ) throws(ModelFileError) {
        var names: [String] = []
        try header.field("feature_names").visit(exactly: forest.inputCount) {
            (token) throws(ModelFileError) in
            guard token.bytes.count <= limits.stringBytes else {
                throw token.error("longer than \(limits.stringBytes) bytes")
            }
            guard let name = String(validating: token.bytes, as: UTF8.self) else {
                throw token.error("is not UTF-8")
            }
            names.append(name)
        }
        var categorical = forest.categoricalInputs
        // A number has its range in brackets, a category the list of its codes.
        try header.optionalField("feature_infos")?.visit(exactly: forest.inputCount) {
            (token) throws(ModelFileError) in
            let isNone = token.bytes.elementsEqual("none".utf8)
            if !isNone, token.bytes.first != UInt8(ascii: "[") {
                categorical.insert(token.position)
            }
        }
        self.names = names
        self.categorical = categorical.sorted()
        self.limits = limits
    }

    /// - Parameter text: where the trees ended.
    func inputs(
        _ text: inout LightGBMText, _ remarks: inout [Remark]
    ) throws(ModelFileError) -> [ModelInput] {
        var inputs = names.map { ModelInput(name: $0) }
        for input in categorical { inputs[input].kind = .category }
        let vocabularies = try vocabularies(&text)
        guard !vocabularies.isEmpty else { return inputs }
        guard vocabularies.count == categorical.count else {
            remarks.append(
                Remark(
                    "pandas_categorical has \(vocabularies.count) lists for "
                        + "\(categorical.count) categorical inputs: give codes, not texts"))
            return inputs
        }
        for (input, vocabulary) in zip(categorical, vocabularies) {
            (inputs[input].vocabulary, inputs[input].categories) = vocabulary
        }
        return inputs
    }

    /// The lists of `pandas_categorical:`, a JSON array of one array for each categorical column in
    /// the order of the columns; a category's code is its position.
    private func vocabularies(
        _ text: inout LightGBMText
    ) throws(ModelFileError) -> [(labels: [String], categories: ModelInput.Categories)] {
        let key = Array("pandas_categorical:".utf8)
        while let line = text.nextLine() {
            guard text.bytes[line].starts(with: key) else { continue }
            let start = line.lowerBound + key.count
            let number = text.line
            do {
                let list = try JSONTape(
                    Array(text.bytes[start..<line.upperBound]), limits: limits, syntax: .json
                ).root
                return try lists(list)
            } catch {
                throw ModelFileError(
                    place: .line(
                        number, column: key.count + 1 + max(error.offset, 0),
                        path: "pandas_categorical" + error.path.dropFirst()),
                    reason: error.reason, remedy: error.remedy)
            }
        }
        return []
    }

    private func lists(
        _ root: JSONCursor
    ) throws(ModelFileError) -> [(labels: [String], categories: ModelInput.Categories)] {
        guard root.kind != .null else { return [] }
        var result: [(labels: [String], categories: ModelInput.Categories)] = []
        // The line itself and its words are there a second time.
        var held = (root.tape.bytes.count + root.tape.words.count * 4) * 5 / 4
        try root.visit { (_, list) throws(ModelFileError) in
            result.append(try list.vocabulary(limit: limits.vocabulary))
            held += ModelInput.byteCount(ofVocabulary: result[result.count - 1].labels)
            if let reason = limits.overrun(held) { throw list.error(reason) }
        }
        return result
    }
}
