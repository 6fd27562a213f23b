internal import SchemaCompiler

/// What must hold of the formatter, for any text.
enum FormatterProperties {
    static func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool {
        let source = SourceFile(path: "test/v1/test.schema", bytes: input)
        guard let text = Formatter.format(source) else { return false }
        let formatted = SourceFile(path: source.path, text: text)
        let original = String(decoding: input, as: UTF8.self)
        let twice = Formatter.format(formatted)
        try require("format", twice == text, "twice differs:\n\(text)\n-->\n\(twice ?? "refused")")

        let before = SchemaWords(original)
        let after = SchemaWords(text)
        try require("format", before.words == after.words, "words:\n\(original)\n-->\n\(text)")
        try require(
            "format", before.comments == after.comments, "comments:\n\(original)\n-->\n\(text)")
        try sameMeaning(Compilation([source]), Compilation([formatted]), text)
        return true
    }

    private static func sameMeaning(
        _ before: Compilation, _ after: Compilation, _ text: String
    ) throws(PropertyViolation) {
        let codes = (
            before.diagnostics.map(\.code.rawValue), after.diagnostics.map(\.code.rawValue)
        )
        try require(
            "format", codes.0.sorted() == codes.1.sorted(), "\(codes.0) became \(codes.1):\n\(text)"
        )
        try require("format", before.protoFiles() == after.protoFiles(), "another .proto:\n\(text)")
        try require("format", before.swiftFiles() == after.swiftFiles(), "other Swift:\n\(text)")
    }
}

/// A schema as words and comments, by a scanner that shares nothing with the compiler's.
struct SchemaWords {
    /// Names, numbers, strings, single marks and doc comments; no white space, no `;`.
    private(set) var words: [String] = []
    /// `//` and `/* */`, without the spaces at their ends.
    private(set) var comments: [String] = []

    init(_ text: String) {
        var rest = Substring.UnicodeScalarView(text.unicodeScalars)
        while let first = rest.first {
            if first == "\"" {
                words.append(Self.string(&rest))
            } else if rest.starts(with: "/*".unicodeScalars) {
                comments.append(Self.block(&rest))
            } else if rest.starts(with: "//".unicodeScalars) {
                let line = Self.take(&rest) { $0 != "\n" }
                if Self.isDoc(line) { words.append(line) } else { comments.append(line) }
            } else if Self.isWord(first) {
                words.append(Self.take(&rest) { Self.isWord($0) })
            } else {
                rest.removeFirst()
                if !first.properties.isWhitespace, first != ";" { words.append(String(first)) }
            }
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            || ("0"..."9").contains(scalar)
    }

    /// `///`, but not `////`.
    private static func isDoc(_ line: String) -> Bool {
        line.hasPrefix("///") && !line.hasPrefix("////")
    }

    private static func take(
        _ rest: inout Substring.UnicodeScalarView, while isTaken: (Unicode.Scalar) -> Bool
    ) -> String {
        let taken = rest.prefix(while: isTaken)
        rest = rest.dropFirst(taken.count)
        var text = String(taken)
        while text.last == " " { text.removeLast() }
        return text
    }

    private static func block(_ rest: inout Substring.UnicodeScalarView) -> String {
        var text = String.UnicodeScalarView("/*".unicodeScalars)
        rest = rest.dropFirst(2)
        while !rest.isEmpty, !rest.starts(with: "*/".unicodeScalars) {
            text.append(rest.removeFirst())
        }
        rest = rest.dropFirst(2)
        return String(text) + "*/"
    }

    private static func string(_ rest: inout Substring.UnicodeScalarView) -> String {
        var text = String.UnicodeScalarView()
        text.append(rest.removeFirst())
        while let scalar = rest.popFirst() {
            text.append(scalar)
            if scalar == "\\", let escaped = rest.popFirst() { text.append(escaped) }
            if scalar == "\"" { break }
        }
        return String(text)
    }
}
