public import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The machine's clock, for what is recorded.
public enum WallClock {
    @Sendable public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec)) ?? .blank()
    }
}
