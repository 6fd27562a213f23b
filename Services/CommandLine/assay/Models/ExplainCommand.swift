import ArgumentParser
import Inference
import ModelCore

/// Says why a row has its score, by a model file or by a running service.
struct ExplainModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says why a row of a table has its score.",
        discussion: """
            With --file the model file answers, offline; with --model the version that serves, or \
            the one of --alias or --version: a decision is explained by the version that it names. \
            Columns are matched to the model's inputs by name.

            base value is the score before anything is known of the row; each input adds its part; \
            rounding is what a sum in float32 lost. Together they are the margin.

            tree_shap, linear, scorecard and ensemble are exact and the models' own. coalitions (at \
            most 11 inputs), permutations, kernel_shap and lime ask any model, with the rows of \
            --background for what is not known; what they draw follows from model and row, so that \
            an explanation repeats.
            """)

    enum Method: String, CaseIterable, ExpressibleByArgument {
        case treeShap = "tree_shap"
        case linear, scorecard, ensemble, coalitions, permutations
        case kernelShap = "kernel_shap"
        case lime

        var method: Attributions.Method {
            switch self {
            case .treeShap: .treeShap
            case .linear: .linear
            case .scorecard: .scorecard
            case .ensemble: .ensemble
            case .coalitions: .coalitions
            case .permutations: .permutations
            case .kernelShap: .kernelShap
            case .lime: .lime
            }
        }
    }

    @Option(help: ArgumentHelp("A model file, to be asked offline.", valueName: "path"))
    var file: String?
    @Option(help: ArgumentHelp("A model of the running service.", valueName: "name"))
    var model: String?
    @Option(help: "With --model: the alias that answers, champion by default.") var alias: String?
    @Option(help: "With --model: the number of the version that answers.") var version: UInt32?
    @Option(help: ArgumentHelp("Table of rows.", valueName: "csv")) var rows: String
    @Option(help: "Which row of the table, from 1.") var row = 1
    @Option(help: "How to explain; by default as suits the model.") var method: Method?
    @Option(
        help: ArgumentHelp(
            "Table of rows that stand for what is not known; 100 of them are taken.",
            valueName: "csv"))
    var background: String?
    @Option(help: "Which margin, of a model with several.") var output = 0
    @Option(help: "With --file: which rounds answer, if training was stopped early.")
    var rounds: PredictCommand.Rounds?
    @Flag(help: "Print numbers as hexadecimal floats, which are exact.") var hex = false
    @Flag(help: "With --model: print the service's answer as JSON.") var json = false
    @OptionGroup var place: WorkspaceOptions

    func validate() throws {
        guard (file == nil) != (model == nil) else {
            throw ValidationError(
                file == nil ? "name --file or --model" : "give --file or --model, not both")
        }
        guard version == nil || alias == nil else {
            throw ValidationError("give --version or --alias, not both")
        }
        guard file == nil || (version == nil && alias == nil && !json) else {
            throw ValidationError("--alias, --version and --json belong to --model")
        }
        guard model == nil || rounds == nil else {
            throw ValidationError("--rounds belongs to --file; a version knows its rounds")
        }
        guard row >= 1 else { throw ValidationError("rows are counted from 1") }
        guard 0...1_023 ~= output else { throw ValidationError("--output is 0 to 1023") }
    }

    func run() async throws {
        let table = try PredictCommand.table(rows)
        guard row <= table.rowCount else {
            throw Complaint("\(rows) has \(table.rowCount) rows, so there is no row \(row)")
        }
        if let file {
            print(try offline(file, table).text(hexadecimal: hex))
        } else if let model {
            let explanation = ServiceExplanation(self, model, table)
            print(try await explanation.ask())
        }
    }

    /// Rows of the background, evenly spaced where there are more than are taken.
    func backgroundRows(_ table: RowTable) -> [Int] {
        let most = BackgroundRows.mostRows
        guard table.rowCount > most else { return Array(0..<table.rowCount) }
        StandardError.note("\(most) of the \(table.rowCount) background rows are taken")
        return (0..<most).map { $0 * table.rowCount / most }
    }

    // MARK: Offline

    private func offline(_ path: String, _ table: RowTable) throws -> ScoreExplanation {
        let loaded = try PredictCommand.load(path, rounds, columns: table.names)
        for remark in loaded.remarks { StandardError.note(remark.text) }
        let values: [Double]
        do {
            let matched = try InputRows(table, for: loaded)
            for note in matched.notes { StandardError.note(note) }
            values = try matched.row(row - 1)
        } catch { throw PredictionRefused("\(rows): \(error)") }
        let scoring = ScoringModel.single(CompiledModel(loaded))
        guard output < scoring.marginCount else {
            throw Complaint("the model has \(scoring.marginCount) margins: --output is below that")
        }
        let explained = try explain(values, scoring, loaded, path)
        let scored = scoring.score(values)
        var text = ScoreExplanation(
            title: "\(path) (\(loaded.library), \(loaded.objective)), row \(row) of \(rows)",
            explained: explained, margins: scored.margin, output: output,
            probabilities: loaded.link == .unknown ? [] : scored.probability)
        let names = loaded.inputs.enumerated().map { $1.name.isEmpty ? "input \($0)" : $1.name }
        let risk =
            output < loaded.outputs.count && scoring.marginCount > 1
            ? loaded.outputs[output] : scoring.marginCount > 1 ? "class \(output)" : ""
        for part in AttributionText.ranked(explained, names: names, positiveClass: risk) {
            let input = names.firstIndex(of: part.input) ?? 0
            text.parts.append(
                .init(
                    name: part.input, value: Self.shown(values[input], loaded.inputs[input]),
                    added: part.value, effect: part.effect.replacing("  ", with: " ")))
        }
        return text
    }

    private func explain(
        _ values: [Double], _ scoring: ScoringModel, _ loaded: LoadedModel, _ path: String
    ) throws -> Attributions {
        let reference = try background.map { try offlineBackground($0, loaded) }
        let artifact = ArtifactDigest(of: try PredictCommand.read(path)).bytes
        let explainer: any Explainer
        do {
            if let method {
                explainer = try Explainers.make(
                    method.method, for: scoring, background: reference, artifact: artifact)
            } else if let best = Explainers.best(
                for: scoring, background: reference, artifact: artifact)
            {
                explainer = best
            } else {
                throw PredictionRefused(
                    "\(path) cannot be explained by itself: \(Explainers.refusal(scoring)); "
                        + "give --background")
            }
            return try explainer.explain(values, output: output)
        } catch let error as Explainers.Refusal {
            throw PredictionRefused("\(path): \(error)")
        } catch let error as ExplanationError {
            throw PredictionRefused("\(rows): row \(row): \(error)")
        }
    }

    private func offlineBackground(
        _ path: String, _ loaded: LoadedModel
    ) throws -> BackgroundRows {
        let table = try PredictCommand.table(path)
        do {
            let matched = try InputRows(table, for: loaded)
            guard let rows = BackgroundRows(try backgroundRows(table).map { try matched.row($0) })
            else { throw PredictionRefused("\(path) has no rows") }
            return rows
        } catch let error as RowTableError { throw PredictionRefused("\(path): \(error)") }
    }

    private static func shown(_ value: Double, _ input: ModelInput) -> String {
        if value.isNaN { return "missing" }
        if let code = Int(exactly: value) {
            if input.vocabulary.indices.contains(code), input.kind == .category {
                return input.vocabulary[code].debugDescription
            }
            return "\(code)"
        }
        return "\(value)"
    }
}
