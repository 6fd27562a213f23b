/// Rows of cells in aligned columns, for people.
struct TextTable {
    enum Alignment {
        case left, right
    }

    private enum Row {
        case cells([String])
        /// A line of its own, outside the columns.
        case line(String)
    }

    private let columns: [Alignment]
    private let indent: String
    private var rows: [Row] = []

    init(_ columns: [Alignment], indent: Int = 2) {
        self.columns = columns
        self.indent = String(repeating: " ", count: indent)
    }

    mutating func row(_ cells: String...) { rows.append(.cells(cells)) }

    mutating func line(_ text: String) { rows.append(.line(text)) }

    /// The lines, each with a line end.
    var text: String {
        let table = rows.compactMap { row in
            if case .cells(let cells) = row { cells } else { nil }
        }
        let widths = columns.indices.map { column in
            table.map { $0[column].unicodeScalars.count }.max() ?? 0
        }
        var result = ""
        for row in rows {
            var line = ""
            switch row {
            case .line(let text): line = text
            case .cells(let cells):
                let padded = columns.indices.map { column in
                    let gap = widths[column] - cells[column].unicodeScalars.count
                    let space = String(repeating: " ", count: gap)
                    return columns[column] == .right ? space + cells[column] : cells[column] + space
                }
                line = padded.joined(separator: "  ")
            }
            while line.last == " " { line.removeLast() }
            result += (line.isEmpty ? "" : indent + line) + "\n"
        }
        return result
    }
}
