/// A word or mark of a schema file. Together with the whitespace between them, a file's tokens
/// give back its text.
struct Token: Sendable {
    enum Kind: Sendable, Hashable {
        case identifier
        /// Digits, `0x…` or a decimal fraction, with an optional minus sign.
        case number
        /// Digits with a unit: a duration or a size.
        case quantity
        case string
        case punctuation(Punctuation)
        /// A line end or `;`.
        case newline
        /// `/// …` to the end of its line.
        case doc
        /// `// …` or `/* … */`; the parser skips these, the formatter keeps them.
        case comment
        case endOfFile
    }

    enum Punctuation: String, Sendable, Hashable {
        case leftBrace = "{"
        case rightBrace = "}"
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBracket = "["
        case rightBracket = "]"
        case colon = ":"
        case comma = ","
        case dot = "."
        case ellipsis = "..."
        case equals = "="
        case question = "?"
        case at = "@"
        case arrow = "->"
    }

    let kind: Kind
    let span: Span
}
