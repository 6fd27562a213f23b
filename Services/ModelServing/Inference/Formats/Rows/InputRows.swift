/// A table whose columns were matched to the inputs of a model: its rows as the model takes them.
public struct InputRows: Sendable {
    public let table: RowTable
    /// What a user may want to know of how columns were matched.
    public private(set) var notes: [String] = []

    private let model: LoadedModel
    /// For each input, its column.
    private let columns: [Int]
    /// For each input, the codes of its categories, if the model names them.
    private let codes: [CategoryCodes?]

    /// By name where the table has the model's names, in order where they share none.
    public init(_ table: RowTable, for model: LoadedModel) throws(RowTableError) {
        self.table = table
        self.model = model
        codes = model.inputs.map { $0.vocabulary.isEmpty ? nil : CategoryCodes($0) }
        let names = model.inputNames
        let places = Dictionary(
            uniqueKeysWithValues: table.names.enumerated().map { ($1, $0) })
        let missing = names.filter { places[$0] == nil }
        if !names.isEmpty, missing.isEmpty {
            columns = names.compactMap { places[$0] }
            return
        }
        guard missing.count == names.count else {
            throw RowTableError(
                line: 1,
                reason: "the model's input \(missing[0].debugDescription) is not among the columns")
        }
        guard table.names.count == model.inputs.count else {
            throw RowTableError(
                line: 1,
                reason: "\(table.names.count) columns for \(model.inputs.count) inputs")
        }
        columns = Array(model.inputs.indices)
        notes.append(
            names.isEmpty
                ? "the model does not name its inputs: columns are taken in order"
                : "columns are taken in order: the model does not name them as the table does")
    }

    /// One value per input, NaN for missing, categories as their codes.
    ///
    /// - Parameter unknown: called with the input and the cell of each category that the model does
    ///   not know and its library scores all the same.
    public func row(
        _ row: Int, unknown: (Int, RowCell) -> Void = { _, _ in }
    ) throws(RowTableError) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(columns.count)
        for (input, column) in columns.enumerated() {
            let cell = table.cell(row, column)
            do {
                values.append(try value(cell, of: input, unknown))
            } catch {
                throw RowTableError(
                    line: table.lines[row], column: table.names[column], reason: error.reason)
            }
        }
        return values
    }

    private struct Refusal: Error { let reason: String }

    private func value(
        _ cell: RowCell, of input: Int, _ unknown: (Int, RowCell) -> Void
    ) throws(Refusal) -> Double {
        let described = model.inputs[input]
        let hashesTexts = model.format == .catboostJSON && described.kind == .category
        if let codes = codes[input] {
            // A category may be called `NA` or `nan`, so what is missing is asked after that.
            if let code = codes[cell] { return Double(code) }
            if hashesTexts, let code = cell.wholeHexadecimal,
                let code = codes[RowCell(String(code))]
            {
                return Double(code)
            }
        }
        if cell.isMissing {
            guard described.allowsMissing else {
                throw Refusal(reason: "is missing, and the model answers no row without it")
            }
            return .nan
        }
        if codes[input] != nil || hashesTexts {
            switch model.format {
            case .catboostJSON:
                unknown(input, cell)
                return -1
            // As pandas does it: what is no category is missing.
            case .lightgbmText:
                unknown(input, cell)
                return .nan
            default:
                throw Refusal(
                    reason: "\(cell.text.debugDescription) is no category of the model")
            }
        }
        guard let number = cell.number else {
            throw Refusal(reason: "\(cell.text.debugDescription) is not a number")
        }
        return number
    }
}
