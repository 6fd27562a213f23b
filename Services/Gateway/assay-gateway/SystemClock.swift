import GatewayCore
import RPC

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension GatewayClock {
    /// The machine's clocks; the monotonic one is the one that event loops go by.
    static let system = GatewayClock(
        now: { Instant(nanoseconds: UInt64(clamping: read(CLOCK_MONOTONIC))) },
        unixMilliseconds: { read(CLOCK_REALTIME) / 1_000_000 })

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
