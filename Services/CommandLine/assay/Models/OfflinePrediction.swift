import ArgumentParser
import Inference

/// A model and a table of rows whose columns were matched to its inputs.
struct OfflinePrediction {
    private let model: CompiledModel
    private let table: RowTable
    /// For each input, its column.
    private let columns: [Int]
    /// What a user may want to know of how the columns were matched.
    let note: String?

    init(
        model bytes: [UInt8], rounds: PredictCommand.Rounds?, table: RowTable, named path: String
    ) throws {
        let chosen: Rounds =
            switch rounds {
            case .all: .all
            case .best: .best
            case nil: .unstated
            }
        let options = LoadOptions(rounds: chosen, columns: table.names)
        model = CompiledModel(try ModelFile.load(bytes, options))
        self.table = table
        (columns, note) = try Self.match(model, table, path)
        if let (cell, text) = table.texts.filter({ columns.contains($0.key % table.names.count) })
            .min(by: { $0.key < $1.key })
        {
            let (row, column) = cell.quotientAndRemainder(dividingBy: table.names.count)
            throw RowTableError(
                line: table.lines[row], column: table.names[column],
                reason: "\(text.debugDescription) is not a number")
        }
    }

    func print(_ output: PredictCommand.Output, to printer: inout NumberTable) throws {
        let isSingle = model.model.format == .xgboostJSON || model.model.format == .xgboostUBJSON
        switch output {
        case .margin:
            printer.header("margin", count: model.marginCount)
            for row in rows { printer.row(model.margins(row), single: isSingle) }
        case .probability:
            printer.header("probability", count: model.probabilityCount)
            for row in rows { printer.row(model.probabilities(row), single: isSingle) }
        case .leaf:
            printer.header("leaf", count: model.treeCount)
            for row in rows { printer.row(model.leaves(row).lazy.map(Double.init)) }
        }
    }

    private var rows: some Sequence<[Double]> {
        (0..<table.rowCount).lazy.map { row in
            columns.map { table.values[row * table.names.count + $0] }
        }
    }

    /// By name where the table has the model's names, in order where they share none.
    private static func match(
        _ model: CompiledModel, _ table: RowTable, _ path: String
    ) throws -> ([Int], String?) {
        let names = model.model.inputNames
        let places = Dictionary(
            uniqueKeysWithValues: table.names.enumerated().map { ($1, $0) })
        let missing = names.filter { places[$0] == nil }
        if !names.isEmpty, missing.isEmpty {
            return (names.compactMap { places[$0] }, nil)
        }
        guard missing.count == names.count else {
            throw ValidationError(
                "\(path): the model's input \(missing[0].debugDescription) is not among the columns"
            )
        }
        guard table.names.count == model.inputCount else {
            throw ValidationError(
                "\(path): \(table.names.count) columns for \(model.inputCount) inputs")
        }
        let note = "columns are taken in order: the model does not name them as the table does"
        return (Array(0..<model.inputCount), names.isEmpty ? nil : note)
    }
}
