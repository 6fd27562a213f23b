import Wire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The machine's clock: ingest time, and nothing else.
enum WallClock {
    @Sendable static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec)) ?? .blank()
    }
}
