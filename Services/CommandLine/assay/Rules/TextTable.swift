/// Columns that are as wide as they must be: the first few to the left, numbers to the right.
struct TextTable {
    private var rows: [[String]]
    private let left: Int

    init(_ head: [String], left: Int) {
        rows = [head]
        self.left = left
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    var lines: [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column < left ? text + space : space + text
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
