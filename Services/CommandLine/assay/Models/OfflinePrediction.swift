import Inference

/// A model and a table of rows whose columns were matched to its inputs.
struct OfflinePrediction {
    private let model: CompiledModel
    private let rows: InputRows
    private let path: String
    /// What a user may want to know of the model, and of how the columns were matched.
    var notes: [String] { loaded.remarks.map(\.text) + rows.notes }

    /// - Parameter path: the table's, for errors.
    init(_ loaded: LoadedModel, _ table: RowTable, named path: String) throws {
        model = CompiledModel(loaded)
        self.path = path
        do {
            rows = try InputRows(table, for: loaded)
        } catch { throw PredictionRefused("\(path): \(error)") }
    }

    func print(_ output: PredictCommand.Output, to printer: inout NumberTable) throws {
        switch output {
        case .margin:
            let count = model.marginCount
            try each("margin", count, &printer) { margins(model.margins($0)) }
        case .probability:
            guard loaded.link != .unknown else { throw refused(output.rawValue) }
            guard loaded.objective != "multi:softmax" else {
                return try each("probability", 1, &printer, isWhole: true) { [classNumber($0)] }
            }
            try each("probability", model.probabilityCount, &printer) { model.probabilities($0) }
        case .leaf:
            guard loaded.trees != nil else { throw refused("leaf") }
            try each("leaf", model.treeCount, &printer, isWhole: true) {
                model.leaves($0).map(Double.init)
            }
        case .classNumber:
            guard hasClasses else { throw refused("class") }
            try each("class", 1, &printer, isWhole: true) { [classNumber($0)] }
        case .shap: try printContributions(to: &printer)
        case .scoreSamples, .decision, .predict:
            guard case .isolation = loaded.body else { throw refused(output.rawValue) }
            try each(output.rawValue, 1, &printer, isWhole: output == .predict) { row in
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
        var outputs = ["margin"]
        if loaded.link != .unknown { outputs.append("probability") }
        if loaded.trees != nil { outputs.append("leaf") }
        if hasClasses { outputs.append("class") }
        if case .isolation = loaded.body { outputs += ["score_samples", "decision", "predict"] }
        if explainer != nil { outputs.append("shap") }
        return PredictionRefused(
            (loaded.link == .unknown
                ? "the model file does not say what becomes of its margins, so there is no "
                : "a \(loaded.format.rawValue) model of this kind has no ")
                + "\(output); it has \(outputs.joined(separator: ", "))")
    }

    // MARK: Rows

    /// - Parameter isWhole: the values are counts or numbers of something.
    private func each(
        _ name: String, _ count: Int, _ printer: inout NumberTable, isWhole: Bool = false,
        _ values: ([Double]) throws -> [Double]
    ) throws {
        let isSingle = loaded.library.hasPrefix("xgboost") && name != "shap"
        printer.header(name, count: count)
        var unknown = UnknownCategories()
        for row in 0..<rows.table.rowCount {
            do {
                let inputs = try rows.row(row) { unknown.add($0, $1, line: rows.table.lines[row]) }
                printer.row(
                    try values(inputs), isWhole ? .whole : isSingle ? .single : .double)
            } catch let error as ExplanationError {
                throw PredictionRefused("\(path): line \(rows.table.lines[row]): \(error)")
            } catch let error as RowTableError {
                throw PredictionRefused("\(path): \(error)")
            }
        }
        for note in unknown.notes(loaded) { StandardError.note(note) }
        if rows.table.rowCount == 0 { StandardError.note("no rows") }
    }
}

/// Categories of a table that a model does not know and scores all the same.
private struct UnknownCategories {
    private var seen: [Int: (count: Int, first: String, line: Int)] = [:]

    mutating func add(_ input: Int, _ cell: RowCell, line: Int) {
        seen[input, default: (0, cell.text, line)].count += 1
    }

    func notes(_ model: LoadedModel) -> [String] {
        let treatment = model.format == .lightgbmText ? "missing, as LightGBM does" : "unknown"
        return seen.sorted { $0.key < $1.key }.map { input, found in
            let name = model.inputs[input].name
            let place = name.isEmpty ? "input \(input)" : name.debugDescription
            return
                "\(place): \(found.count) cells hold no category of the model and count as "
                + "\(treatment), first \(found.first.debugDescription) in line \(found.line)"
        }
    }
}
