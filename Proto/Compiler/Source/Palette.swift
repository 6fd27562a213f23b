/// The colours of what the compiler prints: none, or the escape sequences of a terminal
/// (ECMA-48, select graphic rendition).
public enum Palette: Sendable {
    case plain
    case ansi

    enum Style: String, Sendable {
        case strong = "1"
        case error = "1;31"
        case warning = "1;35"
        case note = "1;36"
        case caret = "1;32"
        case faint = "2"
    }

    func callAsFunction(_ style: Style, _ text: String) -> String {
        self == .plain || text.isEmpty ? text : "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}

extension Severity {
    var style: Palette.Style { self == .error ? .error : .warning }
}
