/// Lines that wait to be written.
public protocol LogSource: AnyObject, Sendable {
    /// What has come since the last time, and how many lines had no room.
    func drain() -> (bytes: [UInt8], dropped: Int)
}

/// Carries a log's lines to its file, through times in which that takes none.
///
/// What could not be written is kept and tried again, in order; a line that was begun is ended before
/// the next one.
public struct LogCarrier: Sendable {
    /// Bytes that are kept while the file takes none. Until it takes some again nothing is drained.
    static let maximumPending = 8 << 20

    private var pending: [UInt8] = []
    /// Lines that had no room.
    public private(set) var dropped = 0

    public init() {}

    public var isEmpty: Bool { pending.isEmpty }

    /// - Parameter write: Takes some of the bytes, and says how many; nil if it takes none.
    /// - Returns: Whether all is written.
    public mutating func carry(
        from source: some LogSource, write: (ArraySlice<UInt8>) -> Int?
    ) -> Bool {
        if pending.count < Self.maximumPending {
            let (bytes, lost) = source.drain()
            pending += bytes
            if lost > 0 {
                dropped += lost
                pending += Array("{\"dropped_lines\":\(lost)}\n".utf8)
            }
        }
        var rest = pending[...]
        while !rest.isEmpty, let count = write(rest), count > 0 { rest = rest.dropFirst(count) }
        pending = Array(rest)
        return pending.isEmpty
    }
}
