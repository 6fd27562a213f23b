/// The smallest piece of an expression that has a meaning.
struct Token {
    enum Kind: Equatable {
        case name(String)
        /// A field's name between back quotes.
        case quotedName(String)
        /// Magnitude only: the sign is an operator of its own.
        case int(UInt64)
        case double(Double)
        case string(String)
        case symbol(Symbol)
        case end
    }

    var kind: Kind
    var span: SourceSpan

    /// The token as a diagnostic names it.
    var description: String {
        switch kind {
        case .name(let name), .quotedName(let name): "'\(name.shortened)'"
        case .int(let value): "number \(value)"
        case .double(let value): "number \(value)"
        case .string: "a text"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .end: "the end"
        }
    }
}

enum Symbol: String, CaseIterable {
    case or = "||"
    case and = "&&"
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case greater = ">"
    case not = "!"
    case plus = "+"
    case minus = "-"
    case times = "*"
    case over = "/"
    case remainder = "%"
    case question = "?"
    case colon = ":"
    case dot = "."
    case comma = ","
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
}

extension String {
    /// At most 40 characters, so that a hostile text cannot make a diagnostic long.
    var shortened: String { count <= 40 ? self : prefix(39) + "…" }
}
