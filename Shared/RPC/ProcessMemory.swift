internal import Glibc
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

    /// Of this process, by its cgroup.
    public static let shared = ProcessMemory(
        limit: SystemMemory.limit, used: { SystemMemory.resident })

    /// Bytes.
    public let limit: Int
    private let used: @Sendable () -> Int
    private let bufferedBytes = Atomic(0)
    private let lastLevel = Atomic<UInt8>(0)

    /// - Parameters:
    ///   - limit: bytes that the process may use.
    ///   - used: bytes that it uses now.
    public init(limit: Int, used: @escaping @Sendable () -> Int) {
        self.limit = limit
        self.used = used
    }

    /// Bytes that connections hold, in either direction.
    public var buffered: Int { bufferedBytes.load(ordering: .relaxed) }
    /// Connections hold as much as they may.
    public var isFull: Bool { buffered > limit / 4 }
    /// As of the last `sample`.
    public var level: Level { Level(rawValue: lastLevel.load(ordering: .relaxed)) ?? .normal }

    /// Counts bytes that a connection holds more than before, or less.
    package func hold(_ change: Int) {
        if change != 0 { bufferedBytes.add(change, ordering: .relaxed) }
    }

    /// Reads what the process uses.
    public func sample() {
        let percent = used() / max(1, limit / 100)
        let level: Level =
            percent >= 95 ? .noConnections : percent >= 85 ? .noStreams : .normal
        lastLevel.store(level.rawValue, ordering: .relaxed)
    }
}

/// What the system says of this process's memory.
enum SystemMemory {
    /// The limit of the control group, or what the machine has.
    static var limit: Int {
        let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        let limits = [
            "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        ].compactMap { number(0, in: $0) }
        return limits.filter { $0 > 0 }.reduce(machine) { min($0, $1) }
    }

    /// The bytes of this process that are in memory (proc(5), statm).
    static var resident: Int {
        (number(1, in: "/proc/self/statm") ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// A number of a file's first line; nil if there is none, or no such file.
    private static func number(_ index: Int, in path: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, file)
        let words = bytes.prefix(count).split { $0 == 0x20 || $0 == 0x0A }
        return words.dropFirst(index).first.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }
}
