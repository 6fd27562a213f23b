/// The one style of schema files: a member per line, two-space indent, columns aligned within a
/// block, comments kept. Formatting again changes nothing.
public struct Formatter {
    /// One line of the result.
    private struct Line {
        var depth: Int
        /// Cells of a member that are aligned with those of its block: name, type, the rest.
        var cells: [String]
        /// The block that the line stands in; lines of one block share their columns.
        var block: Int
        var isBlank: Bool { cells.isEmpty }
    }

    private let file: SourceFile
    private let tokens: [Token]
    private var position = 0
    private var lines: [Line] = []
    private var blocks = [0]
    private var blockCount = 1

    /// The formatted text; nil if the file does not parse.
    public static func format(_ file: SourceFile) -> String? {
        var diagnostics = Diagnostics()
        _ = Parser.parse(file, index: 0, archive: true, diagnostics: &diagnostics)
        // A file without a package is a mistake, but its text has a style.
        let isBroken = diagnostics.all.contains {
            $0.severity == .error && $0.code != .packageClause
        }
        if isBroken { return nil }
        var formatter = Formatter(file: file)
        formatter.split()
        return formatter.text()
    }

    private init(file: SourceFile) {
        self.file = file
        var ignored = Diagnostics()
        tokens = Lexer.tokens(of: file, index: 0, diagnostics: &ignored)
    }

    // MARK: Lines

    private mutating func split() {
        while tokens[position].kind != .endOfFile {
            switch tokens[position].kind {
            case .newline:
                if newlinesAhead() > 1, let last = lines.last, !last.isBlank {
                    lines.append(Line(depth: 0, cells: [], block: -1))
                }
                while tokens[position].kind == .newline { position += 1 }
            case .punctuation(.rightBrace):
                closeBlock()
            default:
                let line = nextLine()
                append(line)
                if line.last?.kind == .punctuation(.leftBrace) { openBlock() }
            }
        }
    }

    /// Line feeds, not `;`: only an empty line in the source is kept as one.
    private func newlinesAhead() -> Int {
        var count = 0
        var index = position
        while tokens[index].kind == .newline {
            if file.bytes[tokens[index].span.start] != UInt8(ascii: ";") { count += 1 }
            index += 1
        }
        return count
    }

    /// The tokens of the next line: up to a line end outside brackets, `{`, or before `}`.
    private mutating func nextLine() -> [Token] {
        var line: [Token] = []
        var brackets = 0
        while true {
            let token = tokens[position]
            switch token.kind {
            case .endOfFile: return line
            case .newline where brackets == 0: return line
            case .newline:
                position += 1
                continue
            case .punctuation(.rightBrace) where brackets == 0: return line
            case .punctuation(.leftParenthesis), .punctuation(.leftBracket): brackets += 1
            case .punctuation(.rightParenthesis), .punctuation(.rightBracket): brackets -= 1
            default: break
            }
            line.append(token)
            position += 1
            if token.kind == .punctuation(.leftBrace) { return takeTrailingComment(line) }
        }
    }

    /// A comment behind `{` or `}` on its line stays there, in front of the brace's line end.
    private mutating func takeTrailingComment(_ line: [Token]) -> [Token] {
        guard tokens[position].kind == .comment, let brace = line.last else { return line }
        position += 1
        let comment = tokens[position - 1]
        append([comment])
        return line.dropLast() + [brace]
    }

    private mutating func openBlock() {
        blocks.append(blockCount)
        blockCount += 1
    }

    private mutating func closeBlock() {
        if lines.last?.isBlank == true { lines.removeLast() }
        if blocks.count > 1 { blocks.removeLast() }
        position += 1
        let depth = blocks.count - 1
        if let last = lines.last, last.depth == depth, last.cells.last?.hasSuffix(" {") == true {
            // An empty block.
            lines[lines.count - 1].cells[last.cells.count - 1] += "}"
        } else {
            lines.append(Line(depth: depth, cells: ["}"], block: -1))
        }
        if tokens[position].kind == .comment {
            lines[lines.count - 1].cells[0] += "  " + file.text(tokens[position].span)
            position += 1
        }
    }

    private mutating func append(_ tokens: [Token]) {
        if tokens.isEmpty { return }
        let block = blocks[blocks.count - 1]
        lines.append(Line(depth: blocks.count - 1, cells: cells(tokens), block: block))
        if lines.count > 1, lines[lines.count - 2].isBlank,
            lines.count == 2 || lines[lines.count - 3].cells.last?.hasSuffix("{") == true
        {
            lines.remove(at: lines.count - 2)
        }
    }

    // MARK: Columns

    /// `name:`, `type`, `= number …` of a field; `name`, `= number …` of an enum value; else all.
    private func cells(_ line: [Token]) -> [String] {
        guard blocks.count > 1, line[0].kind == .identifier, line.count > 2,
            let equals = line.firstIndex(where: { $0.kind == .punctuation(.equals) })
        else { return [joined(line[...])] }
        let rest = joined(line[equals...])
        if equals == 1 { return [joined(line[..<1]), rest] }
        guard line[1].kind == .punctuation(.colon) else { return [joined(line[...])] }
        return [joined(line[..<2]), joined(line[2..<equals]), rest]
    }

    private func text() -> String {
        var widths: [Int: [Int]] = [:]
        for line in lines where line.cells.count > 1 {
            var known = widths[line.block] ?? [0, 0]
            for (index, cell) in line.cells.dropLast().enumerated() {
                known[index] = max(known[index], cell.unicodeScalars.count)
            }
            widths[line.block] = known
        }
        var result = ""
        for line in lines {
            guard !line.isBlank else {
                result += "\n"
                continue
            }
            let columns = widths[line.block] ?? []
            let padded = line.cells.enumerated().map { index, cell in
                let isLast = index == line.cells.count - 1
                let width = isLast ? 0 : columns[index] - cell.unicodeScalars.count
                return cell + String(repeating: " ", count: max(0, width))
            }
            let indent = String(repeating: "  ", count: line.depth)
            result += indent + padded.joined(separator: " ") + "\n"
        }
        while result.hasSuffix("\n\n") { result.removeLast() }
        return result
    }

    // MARK: Spaces

    private func joined(_ tokens: ArraySlice<Token>) -> String {
        var result = ""
        var previous: Token?
        for token in tokens {
            let text = file.text(token.span)
            if let previous {
                if token.kind == .comment {
                    result += "  "
                } else if previous.kind == .comment, file.text(previous.span).hasPrefix("//") {
                    result += "\n" + String(repeating: "  ", count: blocks.count + 1)
                } else if needsSpace(previous.kind, token.kind) {
                    result += " "
                }
            }
            result += token.kind == .comment || token.kind == .doc ? trimmed(text) : text
            previous = token
        }
        return result
    }

    private func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private func needsSpace(_ left: Token.Kind, _ right: Token.Kind) -> Bool {
        if case .punctuation(let mark) = left,
            [.leftParenthesis, .leftBracket, .at, .dot, .ellipsis].contains(mark)
        {
            return false
        }
        guard case .punctuation(let mark) = right else { return true }
        switch mark {
        case .rightParenthesis, .rightBracket, .comma, .colon, .question, .dot, .ellipsis,
            .leftParenthesis:
            return false
        default: return true
        }
    }
}
