import RPC
import RiskCore
import Wire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension RiskSurroundings {
    /// The machine's clocks and randomness.
    static let system = RiskSurroundings(
        now: {
            let time = Self.read(CLOCK_REALTIME)
            return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec))
                ?? .blank()
        },
        monotonic: {
            let time = Self.read(CLOCK_MONOTONIC)
            return Instant(
                nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
        },
        newDecisionID: {
            var generator = SystemRandomNumberGenerator()
            return UniqueID.random(using: &generator)
        },
        newSalt: {
            var generator = SystemRandomNumberGenerator()
            return (0..<4).flatMap { _ in
                withUnsafeBytes(of: generator.next()) { Array($0) }
            }
        })

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
