internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What this process hands to the disk for each event that it records: rows, blobs, and all that
/// RocksDB writes again to keep them in order.
public final class WrittenBytes: Sendable {
    private struct State {
        var bytes: Int?
        var events = 0
        var perEvent: Double?
    }

    private let state = Mutex(State())
    /// Events that make a figure: fewer say more of what else the process wrote.
    static let leastEvents = 10_000

    init() {}

    /// Over the last minutes with at least 10,000 events; nil before, and where the kernel does not
    /// tell.
    public var perEvent: Double? { state.withLock(\.perEvent) }

    /// - Parameter events: recorded so far.
    /// - Returns: a new figure, if there is one.
    func look(events: Int, bytes: Int? = WrittenBytes.total) -> Double? {
        state.withLock { state in
            guard let bytes else { return nil }
            guard let before = state.bytes else {
                (state.bytes, state.events) = (bytes, events)
                return nil
            }
            guard events - state.events >= Self.leastEvents else { return nil }
            let perEvent = Double(bytes - before) / Double(events - state.events)
            state = State(bytes: bytes, events: events, perEvent: perEvent)
            return perEvent
        }
    }

    /// Bytes since the process began, as the kernel counts them; nil where it does not.
    public static var total: Int? {
        guard let file = fopen("/proc/self/io", "r") else { return nil }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 1_024)
        let count = fread(&text, 1, text.count, file)
        return total(in: String(decoding: text.prefix(count), as: UTF8.self))
    }

    static func total(in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("write_bytes: ") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }
}
