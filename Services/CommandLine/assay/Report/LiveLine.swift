import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output for a person: whole lines, and on a terminal one line that changes in place.
final class LiveLine: Sendable {
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let shown = Mutex("")

    /// How often a live line is worth writing: in place often, in a file seldom.
    var interval: Duration { isTerminal ? .milliseconds(250) : .seconds(2) }

    /// Replaces the live line; in a file it is a line of its own.
    func show(_ text: String) {
        let text = TerminalText.escaped(text)
        shown.withLock { shown in
            guard isTerminal else { return write(text + "\n") }
            let blank = String(repeating: " ", count: max(0, shown.count - text.count))
            write("\r" + text + blank)
            shown = text
        }
    }

    /// A line that stays.
    func say(_ text: String) {
        shown.withLock { shown in
            if !shown.isEmpty { write("\r" + String(repeating: " ", count: shown.count) + "\r") }
            write(TerminalText.escaped(text) + "\n")
            if !shown.isEmpty { write(shown) }
        }
    }

    /// Leaves the live line where it is and goes on below.
    func finish() {
        shown.withLock { shown in
            if !shown.isEmpty { write("\n") }
            shown = ""
        }
    }

    private func write(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}
