import Inference

/// A model and a table of rows whose columns were matched to its inputs.
struct OfflinePrediction {
    private let model: CompiledModel
    private let table: RowTable
    private let path: String
    /// For each input, its column.
    private let columns: [Int]
    /// What a user may want to know of how the columns were matched.
    let note: String?

    /// - Parameter path: the table's, for errors.
    init(_ loaded: LoadedModel, _ table: RowTable, named path: String) throws {
        model = CompiledModel(loaded)
        self.table = table
        self.path = path
        (columns, note) = try Self.match(loaded, table, path)
    }

    func print(_ output: PredictCommand.Output, to printer: inout NumberTable) throws {
        switch output {
        case .margin:
            let count = model.marginCount
            try each("margin", count, &printer) { margins(model.margins($0)) }
        case .probability:
            guard loaded.objective != "multi:softmax" else {
                return try each("probability", 1, &printer) { [classNumber($0)] }
            }
            try each("probability", model.probabilityCount, &printer) { model.probabilities($0) }
        case .leaf:
            guard loaded.trees != nil else { throw refused("leaf") }
            try each("leaf", model.treeCount, &printer) { model.leaves($0).map(Double.init) }
        case .classNumber:
            guard hasClasses else { throw refused("class") }
            try each("class", 1, &printer) { [classNumber($0)] }
        case .shap: try printContributions(to: &printer)
        case .scoreSamples, .decision, .predict:
            guard case .isolation = loaded.body else { throw refused(output.rawValue) }
            try each(output.rawValue, 1, &printer) { row in
                let decision = -margins(model.margins(row))[0]
                switch output {
                case .scoreSamples: return [-model.probabilities(row)[0]]
                case .decision: return [decision]
                default: return [decision < 0 ? -1 : 1]
                }
            }
        }
    }

    // MARK: Outputs

    private var loaded: LoadedModel { model.model }

    /// An isolation forest's margin is above 0 for what is anomalous; elsewhere it is the sum.
    private func margins(_ margins: [Double]) -> [Double] {
        guard case .isolation(_, let parameters) = loaded.body else { return margins }
        let score = margins.withUnsafeBufferPointer { margins in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { score in
                loaded.link.apply(margins, into: score)
                return score[0]
            }
        }
        return [score + parameters.offset]
    }

    private var hasClasses: Bool {
        switch loaded.link {
        case .xgboostSoftmax, .lightgbmSoftmax, .xgboostLogistic, .hinge, .lightgbmLogistic: true
        default: false
        }
    }

    /// The first class with the largest margin; of two classes the second if it is likelier.
    private func classNumber(_ row: [Double]) -> Double {
        guard model.marginCount > 1 else { return model.probabilities(row)[0] > 0.5 ? 1 : 0 }
        let margins = model.margins(row)
        return Double(margins.indices.max { margins[$0] < margins[$1] } ?? 0)
    }

    private var explainer: (any Explainer)? {
        Explainers.best(for: model, background: nil, artifact: [])
    }

    private func printContributions(to printer: inout NumberTable) throws {
        guard let explainer else { throw refused("shap") }
        let count = model.marginCount * (model.inputCount + 1)
        let scratch = explainer.makeScratch()
        try each("shap", count, &printer) { row in
            try (0..<model.marginCount).flatMap { output in
                let parts = try row.withUnsafeBufferPointer {
                    try explainer.explain($0, output: output, .whole, scratch: scratch)
                }
                return parts.values + [parts.base]
            }
        }
    }

    private func refused(_ output: String) -> PredictionRefused {
        var outputs = ["margin", "probability"]
        if loaded.trees != nil { outputs.append("leaf") }
        if hasClasses { outputs.append("class") }
        if case .isolation = loaded.body { outputs += ["score_samples", "decision", "predict"] }
        if explainer != nil { outputs.append("shap") }
        return PredictionRefused(
            "a \(loaded.format.rawValue) model of this kind has no \(output); it has "
                + outputs.joined(separator: ", "))
    }

    // MARK: Rows

    private func each(
        _ name: String, _ count: Int, _ printer: inout NumberTable,
        _ values: ([Double]) throws -> [Double]
    ) throws {
        let isSingle = loaded.library.hasPrefix("xgboost") && name != "shap" && name != "leaf"
        printer.header(name, count: count)
        for row in 0..<table.rowCount {
            let inputs = try columns.indices.map { try value(row, $0) }
            do {
                printer.row(try values(inputs), single: isSingle)
            } catch let error as ExplanationError {
                throw PredictionRefused("\(path): line \(table.lines[row]): \(error)")
            }
        }
    }

    private func value(_ row: Int, _ input: Int) throws -> Double {
        let column = columns[input]
        let cell = row * table.names.count + column
        func refused(_ reason: String) -> PredictionRefused {
            let error = RowTableError(
                line: table.lines[row], column: table.names[column], reason: reason)
            return PredictionRefused("\(path): \(error)")
        }
        let described = loaded.inputs[input]
        var text = table.texts[cell]
        let number = table.values[cell]
        if text == nil, number.isNaN {
            guard described.allowsMissing else {
                throw refused("is missing, and the model answers no row without it")
            }
            return .nan
        }
        let takesTexts = loaded.format == .catboostJSON && described.kind == .category
        if takesTexts, text == nil {
            // CatBoost hashes texts: a whole number stands for the text of its digits.
            text = Int(exactly: number).map(String.init) ?? number.description
        }
        guard let text else { return number }
        guard takesTexts || !described.vocabulary.isEmpty else {
            throw refused("\(text.debugDescription) is not a number")
        }
        if let code = described.vocabulary.firstIndex(of: text) { return Double(code) }
        switch loaded.format {
        case .catboostJSON: return -1
        // As pandas does it: what is no category is missing.
        case .lightgbmText: return .nan
        default: throw refused("\(text.debugDescription) is no category of the model")
        }
    }

    /// By name where the table has the model's names, in order where they share none.
    private static func match(
        _ model: LoadedModel, _ table: RowTable, _ path: String
    ) throws -> ([Int], String?) {
        let names = model.inputNames
        let places = Dictionary(
            uniqueKeysWithValues: table.names.enumerated().map { ($1, $0) })
        let missing = names.filter { places[$0] == nil }
        if !names.isEmpty, missing.isEmpty { return (names.compactMap { places[$0] }, nil) }
        guard missing.count == names.count else {
            throw PredictionRefused(
                "\(path): the model's input \(missing[0].debugDescription) is not among the "
                    + "columns")
        }
        guard table.names.count == model.inputs.count else {
            throw PredictionRefused(
                "\(path): \(table.names.count) columns for \(model.inputs.count) inputs")
        }
        let note = "columns are taken in order: the model does not name them as the table does"
        return (Array(model.inputs.indices), names.isEmpty ? nil : note)
    }
}
