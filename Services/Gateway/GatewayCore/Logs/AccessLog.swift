/// The access log: a line for each call.
public final class AccessLog: LogSource {
    private let buffer: LogBuffer

    /// - Parameter capacity: Bytes kept until they are written; lines above it are dropped and counted.
    public init(capacity: Int = 8 << 20) {
        buffer = LogBuffer(capacity: capacity)
    }

    public func append(_ entry: AccessLogEntry, unixMilliseconds: Int64) {
        buffer.append { entry.write(to: &$0, unixMilliseconds: unixMilliseconds) }
    }

    /// What has come since the last time, and how many lines had no room.
    public func drain() -> (bytes: [UInt8], dropped: Int) { buffer.drain() }
}
