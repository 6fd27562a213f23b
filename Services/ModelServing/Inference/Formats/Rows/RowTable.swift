/// Rows to score, read from comma-separated text: a header with names, then one row a line.
///
/// Cells may stand in double quotes (RFC 4180), over several lines too. What a cell means is asked
/// of it later: the same text is a number to one input and the name of a category to another.
public struct RowTable: Sendable {
    public private(set) var names: [String] = []
    public private(set) var rowCount = 0
    /// Line of the file on which each row starts, from 1.
    public private(set) var lines: [Int] = []

    private let bytes: [UInt8]
    /// Row after row, where each cell stands.
    private var cells: [Place] = []

    public static let maximumColumns = 65_536
    static let maximumCellBytes = 4_096

    /// Start and length of a cell's text in one word, and whether quotes were around it.
    private struct Place {
        private let word: UInt64

        init(_ range: Range<Int>, isQuoted: Bool) {
            word = UInt64(range.lowerBound) << 14 | UInt64(range.count) << 1 | (isQuoted ? 1 : 0)
        }

        var range: Range<Int> {
            let start = Int(word >> 14)
            return start..<start + Int(word >> 1 & 0x1FFF)
        }
        var isQuoted: Bool { word & 1 == 1 }
    }

    public init(_ bytes: [UInt8]) throws(RowTableError) {
        self.bytes = bytes
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var position = bytes.starts(with: mark) ? 3 : 0
        guard position < bytes.count else {
            throw RowTableError(line: 1, reason: "the file is empty")
        }
        var line = 1
        while position < bytes.count {
            let start = line
            let first = cells.count
            try readLine(&position, &line)
            if names.isEmpty {
                try takeHeader()
            } else if cells.count == first + 1, names.count > 1, cells[first].range.isEmpty,
                !cells[first].isQuoted
            {
                // An empty line is a missing value in a table of one column, and nothing in any other.
                cells.removeLast()
            } else {
                guard cells.count - first == names.count else {
                    throw RowTableError(
                        line: start,
                        reason: "\(cells.count - first) values for \(names.count) columns")
                }
                rowCount += 1
                lines.append(start)
            }
            line += 1
        }
    }

    /// The cell of a row in a column.
    public func cell(_ row: Int, _ column: Int) -> RowCell {
        let place = cells[row * names.count + column]
        return RowCell(bytes[place.range], isQuoted: place.isQuoted)
    }

    // MARK: Lines

    private mutating func takeHeader() throws(RowTableError) {
        guard cells.count <= Self.maximumColumns else {
            throw RowTableError(line: 1, reason: "more than \(Self.maximumColumns) columns")
        }
        var seen: Set<String> = []
        for (index, place) in cells.enumerated() {
            let name = RowCell(bytes[place.range], isQuoted: place.isQuoted).text
            guard !name.isEmpty else {
                throw RowTableError(line: 1, column: "\(index + 1)", reason: "has no name")
            }
            guard seen.insert(name).inserted else {
                throw RowTableError(line: 1, column: name, reason: "stands there twice")
            }
            names.append(name)
        }
        cells = []
    }

    /// Reads one line's cells, and the lines that belong to a quoted one.
    private mutating func readLine(_ position: inout Int, _ line: inout Int) throws(RowTableError) {
        let first = cells.count
        let start = line
        while true {
            let column = names.isEmpty ? nil : cells.count - first
            func refused(_ reason: String) -> RowTableError {
                let name = column.map { $0 < names.count ? names[$0] : "\($0 + 1)" }
                return RowTableError(
                    line: start, column: name ?? "\(cells.count - first + 1)", reason: reason)
            }
            skipBlanks(&position)
            let isQuoted = position < bytes.count && bytes[position] == UInt8(ascii: "\"")
            let range =
                isQuoted ? try quoted(&position, &line, refused) : plain(&position)
            guard range.count <= Self.maximumCellBytes else {
                throw refused("longer than \(Self.maximumCellBytes) bytes")
            }
            let text = bytes[range]
            guard isQuoted || !text.contains(UInt8(ascii: "\"")) else {
                throw refused("a quote in the middle: a cell with quotes stands in quotes itself")
            }
            guard text.allSatisfy({ $0 < 0x80 }) || String(validating: text, as: UTF8.self) != nil
            else { throw refused("is not UTF-8") }
            cells.append(Place(range, isQuoted: isQuoted))
            guard position < bytes.count else { return }
            let separator = bytes[position]
            position += 1
            if separator == UInt8(ascii: ",") {
                // A comma at the very end of the file has an empty cell behind it.
                if position < bytes.count { continue }
                cells.append(Place(position..<position, isQuoted: false))
                return
            }
            if separator == UInt8(ascii: "\n") { return }
            throw refused("goes on behind its closing quote")
        }
    }

    /// A cell up to the next comma or line, without the blanks around it.
    private func plain(_ position: inout Int) -> Range<Int> {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: ","),
            bytes[position] != UInt8(ascii: "\n")
        { position += 1 }
        var end = position
        let endsLine = position == bytes.count || bytes[position] == UInt8(ascii: "\n")
        if endsLine, end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// What stands between two quotes; a quote inside is written twice.
    private func quoted(
        _ position: inout Int, _ line: inout Int, _ refused: (String) -> RowTableError
    ) throws(RowTableError) -> Range<Int> {
        position += 1
        let start = position
        while true {
            guard position < bytes.count else { throw refused("its quote is never closed") }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\n") { line += 1 }
            position += 1
            guard byte == UInt8(ascii: "\"") else { continue }
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
            position += 1
        }
        let range = start..<position - 1
        skipBlanks(&position)
        if position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\r"),
            bytes[position + 1] == UInt8(ascii: "\n")
        {
            position += 1
        }
        return range
    }

    private func skipBlanks(_ position: inout Int) {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
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
