#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Keeps work to a share of one core: after a bit of it, it sleeps until the share is kept.
struct ProcessorPacer: Sendable {
    /// Of one core, from 0 to 1, while the process has nothing else to do.
    let share: Double
    /// The part of the share that is left when the process keeps all cores busy.
    static let leastPart = 0.2
    private var load: ProcessLoad
    /// What this thread has used of its core.
    let processorTime: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void
    private var since: Duration
    private(set) var used: Duration = .zero

    /// Work is not interrupted for less than this.
    static let least: Duration = .milliseconds(1)

    init(
        share: Double, load: ProcessLoad = ProcessLoad(),
        processorTime: @escaping @Sendable () -> Duration = Self.threadTime,
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.share = share
        self.load = load
        self.processorTime = processorTime
        self.sleep = sleep
        since = processorTime()
    }

    /// Call this often, and between calls do nothing that may go on in another thread.
    mutating func pay() async throws {
        let spent = processorTime() - since
        guard spent >= Self.least else { return }
        try await rest(atLeast: .zero)
    }

    /// Sleeps for what is owed, and no less than this.
    mutating func rest(atLeast least: Duration) async throws {
        let spent = max(.zero, processorTime() - since)
        used += spent
        let share = share * max(Self.leastPart, 1 - load.sinceLastTime())
        try await sleep(max(least, spent * (1 / share - 1)))
        since = processorTime()
    }

    @Sendable static func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Duration(time)
    }
}
