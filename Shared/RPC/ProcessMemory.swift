internal import CAllocator
internal import Synchronization

/// How much a process may hold for its peers, and how close it is to its limit (rpc.md F7).
///
/// What connections buffer may be a quarter of the limit; above, no window grows. What the process
/// uses as a whole is read at intervals: at 85 % of the limit new streams are refused, at 95 % no
/// connection is accepted. Safe from any thread.
public final class ProcessMemory: Sendable {
    public enum Level: UInt8, Sendable, Comparable {
        case normal, noStreams, noConnections
        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Of this process, by the tightest limit that the system sets it.
    public static let shared: ProcessMemory = {
        let tightest = MemoryLimit.tightest
        return ProcessMemory(limit: tightest.bytes, used: tightest.used)
    }()

    /// Bytes.
    public let limit: Int
    private let used: @Sendable () -> Int
    private let bufferedBytes = Atomic(0)
    private let lastLevel = Atomic<UInt8>(0)
    /// What was buffered at the last sample.
    private let sampledBytes = Atomic(0)

    /// - Parameters:
    ///   - limit: bytes that the process may use.
    ///   - used: bytes that it uses now.
    public init(limit: Int, used: @escaping @Sendable () -> Int) {
        self.limit = limit
        self.used = used
    }

    /// Bytes that the process uses now.
    public var usage: Int { used() }
    /// Bytes that connections hold, in either direction.
    public var buffered: Int { bufferedBytes.load(ordering: .relaxed) }
    /// Connections hold as much as they may.
    public var isFull: Bool { buffered > limit / 4 }
    /// As of the last `sample`.
    public var level: Level { Level(rawValue: lastLevel.load(ordering: .relaxed)) ?? .normal }

    /// Counts bytes that a connection holds more than before, or less.
    package func hold(_ change: Int) {
        if change == 0 { return }
        let held = bufferedBytes.add(change, ordering: .relaxed).newValue
        // What comes fast is not waited for: an interval is long enough to use up what is left.
        if held - sampledBytes.load(ordering: .relaxed) > limit / 64 { look() }
    }

    /// Reads what the process uses. To be called at intervals: if it is too much, what the allocator
    /// keeps of memory that was freed goes back to the system first.
    public func sample() {
        if reading() > .normal { allocator_return_freed_memory() }
        look()
    }

    private func look() {
        sampledBytes.store(buffered, ordering: .relaxed)
        lastLevel.store(reading().rawValue, ordering: .relaxed)
    }

    private func reading() -> Level {
        let percent = used() / max(1, limit / 100)
        return percent >= 95 ? .noConnections : percent >= 85 ? .noStreams : .normal
    }
}
