/// A diagnostic, a rule of the wire format or a rule of breaking changes, at length.
public struct Explanation: Sendable {
    /// What breaks the rule, and the same put right.
    enum Example: Sendable {
        /// Schema source; the package line is added where there is none.
        case schema(wrong: String, right: String)
        /// Hex of messages of type `example.v1.Payment`, with remarks behind `#`. A rule that only
        /// an encoder can break has no wrong bytes.
        case bytes(schema: String, wrong: String?, right: String)
        /// Two versions of a schema: `old` → `wrong` breaks something, `old` → `right` does not.
        case change(old: String, wrong: String, right: String)
    }

    /// `S0203`, `R7` or `WIRE-05`.
    public let code: String
    public let title: String
    let text: String
    let example: Example

    init(_ code: String, _ title: String, _ text: String, _ example: Example) {
        self.code = code
        self.title = title
        self.text = text
        self.example = example
    }
}

extension Explanation {
    /// Every page, in the order of the codes.
    public static let all: [Explanation] =
        sources + names + fields + services + annotations + wireRules + wireChanges + otherChanges

    /// The page of a code, written in any case, with or without dash and leading zeros.
    public static func of(_ code: String) -> Explanation? {
        let wanted = key(code)
        return all.first { key($0.code) == wanted }
    }

    /// The code that was probably meant.
    public static func suggestion(for code: String) -> String? {
        Suggestion.nearest(to: code, among: all.map(\.code))
    }

    /// `WIRE-05` → `wire5`.
    private static func key(_ code: String) -> String {
        let letters = code.prefix { $0.isLetter }.lowercased()
        let digits = code.drop { $0.isLetter || $0 == "-" }
        return letters + (Int(digits).map(String.init) ?? String(digits))
    }

    /// One line per page.
    public static var index: String {
        var table = TextTable([.left, .left])
        var family = ""
        for page in all {
            let letters = String(page.code.prefix { !$0.isNumber })
            if !family.isEmpty, letters != family { table.line("") }
            family = letters
            table.row(page.code, page.title)
        }
        return table.text
    }

    /// The page as `schemac explain` prints it.
    public func rendered(_ palette: Palette = .plain) -> String {
        var result = palette(.strong, "\(code): \(title)") + "\n\n\(text)\n"
        for (label, body) in parts {
            result += "\n" + palette(.note, label) + "\n\n"
            result +=
                body.split(separator: "\n", omittingEmptySubsequences: false).map {
                    $0.isEmpty ? "" : "    \($0)"
                }.joined(separator: "\n") + "\n"
        }
        return result
    }

    private var parts: [(label: String, body: String)] {
        switch example {
        case .schema(let wrong, let right):
            [
                ("This is refused:", Self.whole(wrong)),
                ("What the compiler says:", verdict(on: wrong)),
                ("This is right:", Self.whole(right)),
            ]
        case .bytes(let schema, let wrong, let right):
            [("With this schema:", schema)]
                + (wrong.map { [("These bytes are refused at the strict door:", $0)] } ?? [])
                + [("These are canonical:", right)]
        case .change(let old, let wrong, let right):
            [
                ("As it was:", Self.whole(old)), ("This breaks:", Self.whole(wrong)),
                ("What schemac breaking says:", verdict(on: wrong, after: old)),
                ("This does not:", Self.whole(right)),
            ]
        }
    }

    private func verdict(on text: String) -> String {
        let compilation = Compilation(Self.sources(text))
        return compilation.diagnostics.map { compilation.rendered($0) }.joined(separator: "\n")
    }

    private func verdict(on text: String, after old: String) -> String {
        let comparison = SchemaComparison(
            old: Compilation(Self.sources(old)), new: Compilation(Self.sources(text)))
        return comparison.findings.filter { $0.rule.rawValue == code }.map { finding in
            comparison.rendered(finding, .error, origin: "old")
        }.joined(separator: "\n")
    }

    /// The example with the package line that most of them leave out.
    private static func whole(_ text: String) -> String {
        let isWhole = text.contains("package ") || text.contains("// --- ")
        return isWhole ? text : "package example.v1\n" + text
    }

    /// The files of an example: `// --- path` begins one; without it there is one file, of package
    /// `example.v1`.
    static func sources(_ text: String) -> [SourceFile] {
        guard text.contains("// --- ") else {
            return [SourceFile(path: "example/v1/example.schema", text: whole(text))]
        }
        return text.split(separator: "// --- ").map { part in
            let lines = part.split(separator: "\n", maxSplits: 1)
            return SourceFile(
                path: String(lines.first ?? ""), text: lines.count > 1 ? String(lines[1]) : "")
        }
    }
}
