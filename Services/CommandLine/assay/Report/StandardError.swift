import Foundation

/// What a user should know and no program reads.
enum StandardError {
    /// Writes a line, behind all that was printed before.
    static func line(_ text: String) {
        fflush(nil)
        FileHandle.standardError.write(Data((TerminalText.escaped(text) + "\n").utf8))
    }

    static func note(_ text: String) { line("note: \(text)") }
}
