#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How much of the machine this process uses.
struct ProcessLoad: Sendable {
    let cores: Int
    /// What all threads together have used.
    let processorTime: @Sendable () -> Duration
    let now: @Sendable () -> Duration
    private var last: (used: Duration, at: Duration)

    init(
        cores: Int = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
        processorTime: @escaping @Sendable () -> Duration = { Self.time(CLOCK_PROCESS_CPUTIME_ID) },
        now: @escaping @Sendable () -> Duration = { Self.time(CLOCK_MONOTONIC) }
    ) {
        self.cores = cores
        self.processorTime = processorTime
        self.now = now
        last = (processorTime(), now())
    }

    /// Of all cores, from 0 to 1, since this was asked before.
    mutating func sinceLastTime() -> Double {
        let (used, time) = (processorTime(), now())
        defer { last = (used, time) }
        guard time > last.at else { return 0 }
        return min(1, max(0, (used - last.used) / (time - last.at) / Double(cores)))
    }

    private static func time(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return Duration(time)
    }
}

extension Duration {
    init(_ time: timespec) {
        self = .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
