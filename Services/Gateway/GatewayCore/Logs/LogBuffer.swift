internal import Synchronization

/// Collects the lines of a log until someone writes them out, in bounded memory.
final class LogBuffer: Sendable {
    private struct Lines {
        var bytes: [UInt8] = []
        var dropped = 0
    }

    private let lines = Mutex(Lines())
    private let capacity: Int

    /// - Parameter capacity: Bytes kept; lines above it are dropped and counted.
    init(capacity: Int) { self.capacity = capacity }

    func append(_ write: (inout [UInt8]) -> Void) {
        lines.withLock { lines in
            guard lines.bytes.count < capacity else {
                lines.dropped += 1
                return
            }
            write(&lines.bytes)
        }
    }

    func drain() -> (bytes: [UInt8], dropped: Int) {
        lines.withLock { lines in
            defer { lines = Lines() }
            return (lines.bytes, lines.dropped)
        }
    }
}
