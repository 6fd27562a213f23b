internal import Synchronization

/// Collects the lines of the access log until someone writes them out, in bounded memory.
public final class AccessLog: Sendable {
    private struct Lines {
        var bytes: [UInt8] = []
        var dropped = 0
    }

    private let lines = Mutex(Lines())
    private let capacity: Int

    /// - Parameter capacity: Bytes kept; lines above it are dropped and counted.
    public init(capacity: Int = 8 << 20) {
        self.capacity = capacity
    }

    public func append(_ entry: AccessLogEntry, unixMilliseconds: Int64) {
        lines.withLock { lines in
            guard lines.bytes.count < capacity else {
                lines.dropped += 1
                return
            }
            entry.write(to: &lines.bytes, unixMilliseconds: unixMilliseconds)
        }
    }

    /// What has come since the last time, and how many lines had no room.
    public func drain() -> (bytes: [UInt8], dropped: Int) {
        lines.withLock { lines in
            defer { lines = Lines() }
            return (lines.bytes, lines.dropped)
        }
    }
}
