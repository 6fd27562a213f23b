/// A table with a head line, tabs between columns, and no quoting.
struct TabSeparatedFile {
    struct Row {
        var line: Int
        private var columns: [Substring]
        private var names: [String: Int]

        init(line: Int, columns: [Substring], names: [String: Int]) {
            self.line = line
            self.columns = columns
            self.names = names
        }

        /// The value of a column; empty if the row is shorter.
        subscript(_ name: String) -> String {
            guard let index = names[name], index < columns.count else { return "" }
            return String(columns[index])
        }
    }

    let rows: [Row]

    /// Columns that are missing, and rows with too many, are problems.
    init(_ text: String, file: String, columns: [String], _ problems: inout [Problem]) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        let head = (lines.popFirst() ?? "").split(separator: "\t", omittingEmptySubsequences: false)
        let names = Dictionary(
            head.enumerated().map { (String($0.element), $0.offset) },
            uniquingKeysWith: { a, _ in a })
        for column in columns where names[column] == nil {
            problems.append(
                Problem(
                    file: file, line: 1, column: 1, message: "the column '\(column)' is missing"))
        }
        var rows: [Row] = []
        for (index, line) in lines.enumerated() where !line.isEmpty {
            let values = line.split(separator: "\t", omittingEmptySubsequences: false)
            if values.count > head.count {
                problems.append(
                    Problem(
                        file: file, line: index + 2, column: 1,
                        message: "expected \(head.count) columns, found \(values.count)"))
            }
            rows.append(Row(line: index + 2, columns: values, names: names))
        }
        self.rows = rows
    }
}
