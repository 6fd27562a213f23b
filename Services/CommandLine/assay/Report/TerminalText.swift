/// Text of records, files and requests as a terminal may show it.
///
/// Control characters in it could move the cursor, colour or clear what stands there, and type answers;
/// marks of writing direction could show it in another order than it is in (CVE-2021-42574).
enum TerminalText {
    /// The text with `\u001B` in place of such a character. Line ends and tabs stay: they are ours.
    static func escaped(_ text: String) -> String { naming(text, isHostile) }

    /// What stands in one line of a list, so that it cannot pretend to be two.
    static func line(_ text: String) -> String {
        naming(text) { ["\n", "\r", "\t"].contains($0) }
    }

    private static func naming(
        _ text: String, _ isNamed: (Unicode.Scalar) -> Bool
    ) -> String {
        guard text.unicodeScalars.contains(where: isNamed) else { return text }
        return text.unicodeScalars.map { isNamed($0) ? name($0) : String($0) }.joined()
    }

    private static func isHostile(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\t": false
        case "\u{61C}", "\u{200E}", "\u{200F}", "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}":
            true
        default: scalar.properties.generalCategory == .control
        }
    }

    /// As JSON writes it.
    private static func name(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// Prints a text for a terminal; stands before Swift's own function in this program.
func print(_ text: String) { Swift.print(TerminalText.escaped(text)) }
