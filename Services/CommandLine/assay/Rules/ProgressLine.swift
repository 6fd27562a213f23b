import Foundation
import Synchronization

/// How far something is, in one line of a terminal that is written over; nothing elsewhere.
final class ProgressLine: Sendable {
    private let shown = Mutex<UInt64?>(nil)
    private let isTerminal = isatty(2) == 1

    /// Always true: goes on.
    func show(_ done: UInt64, _ total: UInt64) -> Bool {
        guard isTerminal, total > 0 else { return true }
        let percent = done * 100 / total
        let isNew = shown.withLock { shown in
            defer { shown = percent }
            return shown != percent
        }
        if isNew { FileHandle.standardError.write(Data("\r\(percent) %".utf8)) }
        return true
    }

    func end() {
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
