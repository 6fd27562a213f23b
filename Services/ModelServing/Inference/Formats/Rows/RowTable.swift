internal import Numerics

/// Rows to score, read from comma-separated text: a header with names, then one row a line.
///
/// A value is a decimal number, a hexadecimal float (`0x1.8p+1`), `inf`, `-inf`, or missing: `nan`
/// or nothing at all. Any other text is kept, for an input that takes its categories by name.
public struct RowTable: Sendable {
    public private(set) var names: [String] = []
    public private(set) var rowCount = 0
    /// Row after row; NaN where a value is missing or a text.
    public private(set) var values: [Double] = []
    /// Texts by their index in `values`.
    public private(set) var texts: [Int: String] = [:]
    /// Line of the file on which each row stands, from 1.
    public private(set) var lines: [Int] = []

    public static let maximumColumns = 65_536
    static let maximumCellBytes = 4_096

    public init(_ bytes: [UInt8]) throws(RowTableError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var rest = bytes[(bytes.starts(with: mark) ? 3 : 0)...]
        var line = 0
        while !rest.isEmpty {
            line += 1
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var content = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
            if line == 1 { try header(content) } else { try row(content, line) }
        }
        guard line > 0 else { throw RowTableError(line: 1, reason: "the file is empty") }
    }

    private mutating func header(_ content: ArraySlice<UInt8>) throws(RowTableError) {
        for cell in Self.cells(content) {
            guard names.count < Self.maximumColumns else {
                throw RowTableError(line: 1, reason: "more than \(Self.maximumColumns) columns")
            }
            let name = try Self.text(cell, line: 1, column: "\(names.count + 1)")
            guard !name.isEmpty else {
                throw RowTableError(line: 1, column: "\(names.count + 1)", reason: "has no name")
            }
            names.append(name)
        }
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw RowTableError(line: 1, column: name, reason: "stands there twice")
        }
    }

    private mutating func row(_ content: ArraySlice<UInt8>, _ line: Int) throws(RowTableError) {
        // An empty line is a missing value in a table of one column, and nothing in any other.
        if content.isEmpty, names.count > 1 { return }
        let cells = Self.cells(content)
        guard cells.count == names.count else {
            throw RowTableError(
                line: line, reason: "\(cells.count) values for \(names.count) columns")
        }
        for (cell, name) in zip(cells, names) {
            let text = try Self.text(cell, line: line, column: name)
            if let number = Self.number(text) {
                values.append(number)
            } else {
                texts[values.count] = text
                values.append(.nan)
            }
        }
        rowCount += 1
        lines.append(line)
    }

    private static func cells(_ content: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        content.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    private static func text(
        _ cell: ArraySlice<UInt8>, line: Int, column: String
    ) throws(RowTableError) -> String {
        guard cell.count <= maximumCellBytes else {
            throw RowTableError(
                line: line, column: column, reason: "longer than \(maximumCellBytes) bytes")
        }
        guard !cell.contains(UInt8(ascii: "\"")) else {
            throw RowTableError(
                line: line, column: column, reason: "has quotes, which are not read")
        }
        guard let text = String(validating: cell, as: UTF8.self) else {
            throw RowTableError(line: line, column: column, reason: "is not UTF-8")
        }
        let kept = text.drop { $0 == " " || $0 == "\t" }
        guard let last = kept.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(kept[...last])
    }

    /// The number that a cell states, rounded once to the nearest float64; nil for a text.
    private static func number(_ text: String) -> Double? {
        switch text {
        case "", "NaN", "NA": .nan
        default: NumberText.parse(text)
        }
    }
}

/// Why a table of rows was refused, with the line and the column.
public struct RowTableError: Error, Hashable, Sendable, CustomStringConvertible {
    public let line: Int
    /// Name of the column, or its number in a header; nil if the whole line is at fault.
    public let column: String?
    public let reason: String

    public init(line: Int, column: String? = nil, reason: String) {
        self.line = line
        self.column = column
        self.reason = reason
    }

    public var description: String {
        "line \(line)" + (column.map { ", column \($0.debugDescription)" } ?? "") + ": \(reason)"
    }
}
