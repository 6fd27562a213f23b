/// Collects lines of code with their indentation, and folds what is longer than a line.
struct CodeWriter {
    static let lineLength = 100

    private(set) var text = ""
    private var depth = 0
    private let indentWidth: Int

    init(indentWidth: Int = 4) { self.indentWidth = indentWidth }

    private var indent: String { String(repeating: " ", count: depth * indentWidth) }

    mutating func line(_ content: String = "") {
        text += content.isEmpty ? "\n" : indent + content + "\n"
    }

    mutating func indented(_ body: (inout CodeWriter) -> Void) {
        depth += 1
        body(&self)
        depth -= 1
    }

    /// `header {`, the body one level deeper, `}`.
    mutating func block(_ header: String, _ body: (inout CodeWriter) -> Void) {
        line(header + " {")
        indented(body)
        line("}")
    }

    /// Whether content fits on the current line.
    func fits(_ content: String) -> Bool {
        depth * indentWidth + content.count <= Self.lineLength
    }

    /// `header { statements }` on one line if it is short, else as a block.
    mutating func brace(_ header: String, _ statements: [String]) {
        if statements.count == 1, fits("\(header) { \(statements[0]) }") {
            line("\(header) { \(statements[0]) }")
        } else {
            block(header) { writer in writer.statements(statements) }
        }
    }

    /// `label: statements`, a case of a switch: one statement may stand behind the colon.
    mutating func branch(_ label: String, _ statements: [String]) {
        if statements.count == 1, fits("\(label) \(statements[0])") {
            line("\(label) \(statements[0])")
        } else {
            line(label)
            indented { writer in writer.statements(statements) }
        }
    }

    mutating func lines(_ contents: [String]) {
        for content in contents { line(content) }
    }

    mutating func statements(_ contents: [String]) {
        for content in contents { statement(content) }
    }

    /// A statement that ends in a call `head(arguments)`; folds after the parenthesis.
    mutating func statement(_ content: String) {
        guard !fits(content), let open = content.firstIndex(of: "("), content.hasSuffix(")") else {
            return line(content)
        }
        line(content[...open] + "")
        indented { $0.line(String(content[content.index(after: open)...])) }
    }

    /// `open item, item, item close`, on one line if it fits, else folded and filled.
    mutating func list(
        _ open: String, _ items: [String], _ close: String, closesOnOwnLine: Bool = false
    ) {
        let whole = open + items.joined(separator: ", ") + close
        if fits(whole) { return line(whole) }
        line(open)
        depth += 1
        var current = ""
        for (index, item) in items.enumerated() {
            let isLast = index == items.count - 1
            let piece = item + (isLast ? "" : ",")
            let tail = isLast && !closesOnOwnLine ? close : ""
            if !current.isEmpty, !fits(current + " " + piece + tail) {
                line(current)
                current = ""
            }
            current += (current.isEmpty ? "" : " ") + piece
        }
        line(current + (closesOnOwnLine ? "" : close))
        depth -= 1
        if closesOnOwnLine { line(close) }
    }

    /// A collection literal: folded, it ends in a comma and closes on a line of its own.
    mutating func collection(_ open: String, _ items: [String], _ close: String) {
        if fits(open + items.joined(separator: ", ") + close) || items.isEmpty {
            return line(open + items.joined(separator: ", ") + close)
        }
        var items = items
        items[items.count - 1] += ","
        list(open, items, close, closesOnOwnLine: true)
    }

    /// Comment lines; longer ones are folded between words.
    mutating func documentation(_ lines: [String], marker: String = "///") {
        for content in lines {
            var current = marker
            for word in content.split(separator: " ") {
                if current != marker, !fits("\(current) \(word)") {
                    line(current)
                    current = marker
                }
                current += " \(word)"
            }
            line(current)
        }
    }
}
