internal import Numerics

/// Reads `assay-linear` 1, and the bare export {`scaler`, `coefficients`, `intercept`} of a logistic
/// regression.
struct AssayLinearLoader: DocumentLoader {
    private let root: JSONCursor
    private let options: LoadOptions
    private let isBare: Bool

    static func recognizes(_ document: JSONCursor) -> Bool {
        if let format = try? document.optionalField("format") {
            return (try? format.text()) == ModelFormat.assayLinear.rawValue
        }
        return (try? document.optionalField("coefficients")) != nil
    }

    static func load(
        _ document: JSONCursor, _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel {
        let isBare = try document.optionalField("format") == nil
        return try AssayLinearLoader(root: document, options: options, isBare: isBare).load()
    }

    private func load() throws(ModelFileError) -> LoadedModel {
        try root.requireKeys(
            isBare
                ? ["scaler", "coefficients", "intercept", "C"]
                : [
                    "format", "version", "library", "inputs", "classes", "impute", "link", "scaler",
                    "coefficients", "intercept", "scorecard",
                ])
        if let version = try root.optionalField("version") { _ = try version.integer(in: 1...1) }
        let weights = try weights()
        let names = try inputNames(weights)
        let inputs = names?.count ?? weights.first?.count ?? 0
        let impute = try impute(inputs)
        let (mean, scale) = try scaler(inputs)
        let scorecard = try root.optionalField("scorecard").map { (field) throws(ModelFileError) in
            try ScorecardReader(inputs: names ?? []).read(field)
        }
        let linear = LinearModel(
            profile: .linear, impute: impute, mean: mean, scale: scale, weights: weights,
            intercept: try intercept(weights.count), scorecard: scorecard)
        let (name, link) = try link(linear)
        return LoadedModel(
            format: .assayLinear, library: try root.optionalField("library")?.text() ?? "assay",
            objective: name, link: link, inputs: self.inputs(names, linear, inputs),
            outputs: try classes(linear), body: .linear(linear))
    }

    private func inputs(
        _ names: [String]?, _ linear: LinearModel, _ count: Int
    ) -> [ModelInput] {
        (0..<count).map { index in
            let missing =
                linear.scorecard?.allowsMissing(input: index) ?? (linear.impute[index] != nil)
            return ModelInput(name: names?[index] ?? "", allowsMissing: missing)
        }
    }

    // MARK: Parts

    /// Per output one weight per input. A flat list is one output; a scorecard needs none.
    private func weights() throws(ModelFileError) -> [[Double]] {
        guard let field = try root.optionalField("coefficients") else {
            guard try root.optionalField("scorecard") != nil else {
                throw root.error("\"coefficients\" is missing")
            }
            return []
        }
        let count = try field.count()
        guard count > 0 else { throw field.error("a model without coefficients") }
        guard try field.first()?.kind == .array else {
            guard count <= options.limits.inputs else {
                throw field.error("\(count) inputs; at most \(options.limits.inputs) are read")
            }
            return [try field.numbers()]
        }
        guard count <= options.limits.outputs else {
            throw field.error("\(count) outputs; at most \(options.limits.outputs) are read")
        }
        var weights: [[Double]] = []
        try field.visit { (_, row) throws(ModelFileError) in
            weights.append(try row.numbers(count: weights.first?.count, of: "coefficients"))
            guard 1...options.limits.inputs ~= weights[0].count else {
                throw row.error("1 to \(options.limits.inputs) inputs are read")
            }
        }
        return weights
    }

    /// The file's own names, or those of the row's columns; nil if there are neither.
    private func inputNames(_ weights: [[Double]]) throws(ModelFileError) -> [String]? {
        let expected = weights.first?.count
        guard let field = try root.optionalField("inputs") else {
            guard isBare else { throw root.error("\"inputs\" is missing") }
            if options.columns.isEmpty { return nil }
            guard options.columns.count == expected else {
                throw try root.field("coefficients").error(
                    "\(expected ?? 0) coefficients for the \(options.columns.count) columns of the rows"
                )
            }
            return options.columns
        }
        let names = try field.inputNames(limit: options.limits.inputs)
        guard expected == nil || names.count == expected else {
            throw field.error("\(names.count) inputs for \(expected ?? 0) coefficients")
        }
        return names
    }

    private func impute(_ inputs: Int) throws(ModelFileError) -> [Double?] {
        guard let field = try root.optionalField("impute") else {
            return [Double?](repeating: nil, count: inputs)
        }
        guard try field.count() == inputs else {
            throw field.error("\(try field.count()) elements for \(inputs) inputs")
        }
        var result: [Double?] = []
        try field.visit { (_, value) throws(ModelFileError) in
            result.append(value.kind == .null ? nil : try value.number())
        }
        return result
    }

    private func scaler(_ inputs: Int) throws(ModelFileError) -> ([Double], [Double]) {
        guard let field = try root.optionalField("scaler"), field.kind != .null else {
            return (
                [Double](repeating: 0, count: inputs), [Double](repeating: 1, count: inputs)
            )
        }
        try field.requireKeys(["mean", "scale"])
        let mean = try field.field("mean").numbers(count: inputs, of: "means")
        let scales = try field.field("scale")
        let scale = try scales.numbers(count: inputs, of: "deviations")
        try scales.visit { (index, value) throws(ModelFileError) in
            guard scale[index] != 0 else {
                throw value.error("a deviation of zero", remedy: "store 1 for a constant input")
            }
        }
        return (mean, scale)
    }

    private func intercept(_ outputs: Int) throws(ModelFileError) -> [Double] {
        guard let field = try root.optionalField("intercept") else {
            guard outputs == 0 else { throw root.error("\"intercept\" is missing") }
            return []
        }
        if field.kind == .array { return try field.numbers(count: outputs, of: "intercepts") }
        guard outputs <= 1 else { throw field.error("one intercept for \(outputs) outputs") }
        return outputs == 0 ? [] : [try field.number()]
    }

    private func link(_ linear: LinearModel) throws(ModelFileError) -> (String, Link) {
        let field = try root.optionalField("link")
        if let scorecard = linear.scorecard {
            if let field, try field.text() != "logit" {
                throw field.error("the link of a scorecard is \"logit\", from its odds")
            }
            return ("scorecard", .scorecard(scorecard.odds))
        }
        guard let field else {
            guard isBare else { throw root.error("\"link\" is missing") }
            guard linear.outputCount == 1 else {
                throw root.error(
                    "\(linear.outputCount) outputs and no link",
                    remedy: "add \"format\": \"assay-linear\", \"version\": 1 and the link")
            }
            return ("logit", .logistic)
        }
        switch try field.text() {
        case "logit": return ("logit", .logistic)
        case "identity": return ("identity", .identity)
        case "log": return ("log", .exponential)
        case "softmax":
            guard linear.outputCount > 1 else { throw field.error("softmax of one output") }
            return ("softmax", .softmax)
        default: throw field.error("the link is one of logit, identity, log, softmax")
        }
    }

    private func classes(_ linear: LinearModel) throws(ModelFileError) -> [String] {
        guard let field = try root.optionalField("classes") else { return [] }
        let names = try field.texts(limit: options.limits.outputs)
        guard names.count == linear.outputCount else {
            throw field.error("\(names.count) classes for \(linear.outputCount) outputs")
        }
        return names
    }
}
