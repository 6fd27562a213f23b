import ArgumentParser
import Foundation
import Inference

/// Scores rows with a model file, without any server.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Scores rows of a table with a model file, offline.",
        discussion: """
            The model is the file that its training library wrote. The rows are comma-separated \
            values with a header; columns are matched to the model's inputs by name, or in order \
            if the table and the model share no name. Missing is nan, NA, null or nothing.

            Where the model names its categories (pandas_categorical of LightGBM, cats of XGBoost \
            3.1 and later, the texts of CatBoost), a cell holds the category itself, as in the table \
            the model was trained with: 007 and NA are texts there. Where it does not, a cell holds \
            the category's code.

            margin is the value before the link, probability the library's own prediction after \
            it (for multi:softmax the class), leaf the library's number of each tree's leaf, shap \
            what each input added to the margin, output by output, with the base value last. \
            score_samples, decision and predict are those of an isolation forest.
            """)

    enum Output: String, CaseIterable, ExpressibleByArgument {
        case margin, probability, leaf, shap, decision, predict
        case classNumber = "class"
        case scoreSamples = "score_samples"
    }

    enum Rounds: String, CaseIterable, ExpressibleByArgument {
        case all, best
    }

    @Option(help: ArgumentHelp("The model file.", valueName: "model")) var file: String
    @Option(help: ArgumentHelp("Table of rows to score.", valueName: "csv")) var rows: String
    @Option(help: "What to print for each row.") var output = Output.margin
    @Flag(help: "Print numbers as hexadecimal floats, which are exact.") var hex = false
    @Option(help: "Which rounds answer, if training was stopped early.") var rounds: Rounds?

    func run() throws {
        let table = try Self.table(rows)
        let model = try Self.load(file, rounds, columns: table.names)
        let prediction = try OfflinePrediction(model, table, named: rows)
        for note in prediction.notes { StandardError.note(note) }
        var printer = NumberTable(hexadecimal: hex)
        try prediction.print(output, to: &printer)
        printer.flush()
    }

    static func load(
        _ path: String, _ rounds: Rounds?, columns: [String]
    ) throws -> LoadedModel {
        let chosen: Inference.Rounds =
            switch rounds {
            case .all: .all
            case .best: .best
            case nil: .unstated
            }
        do {
            return try ModelFile.load(
                try read(path), LoadOptions(rounds: chosen, columns: columns))
        } catch let error as ModelFileError {
            throw PredictionRefused("\(path): \(error)")
        }
    }

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try NamedFile.bytes(path))
    }

    static func table(_ path: String) throws -> RowTable {
        do {
            return try RowTable(try read(path))
        } catch let error as RowTableError {
            throw PredictionRefused("\(path): \(error)")
        }
    }
}

/// Why nothing was predicted, with the file at fault.
struct PredictionRefused: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
