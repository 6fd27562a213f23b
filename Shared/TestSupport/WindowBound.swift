/// What a rate allows in any window of time, by exact integers: `burst + limit · W ÷ period`.
public struct WindowBound: Sendable {
    /// A call that was let in, and the earliest and the latest time at which it can have been charged, in
    /// nanoseconds.
    public struct Charge: Sendable {
        public var earliest: Int64
        public var latest: Int64

        public init(earliest: Int64, latest: Int64) {
            self.earliest = earliest
            self.latest = latest
        }
    }

    public let limit: Int
    public let period: Duration
    public let burst: Int

    public init(limit: Int, per period: Duration, burst: Int) {
        self.limit = limit
        self.period = period
        self.burst = burst
    }

    /// The first window with more calls than it allows, in words; nil if there is none.
    ///
    /// - Parameters:
    ///   - ahead: By how many nanoseconds a call's token may have been taken earlier than that.
    ///   - extra: Calls that are allowed besides, such as one burst for each switch between a store and
    ///     what replaces it.
    public func violation(of charges: [Charge], ahead: Int64 = 0, extra: Int = 0) -> String? {
        let charges = charges.sorted { $0.latest < $1.latest }
        let (seconds, attoseconds) = period.components
        let period = Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000)
        for last in charges.indices {
            var start = Int64.max
            // From the last call backwards, so that the window only grows.
            for index in stride(from: last, through: 0, by: -1) {
                start = min(start, charges[index].earliest - ahead)
                let count = last - index + 1
                if count <= burst + extra { continue }
                let window = Int128(charges[last].latest - start)
                let allowed =
                    Int128(burst + extra) + (Int128(limit) * window + period - 1) / period
                if Int128(count) > allowed {
                    return "\(count) calls in \(window) ns, \(allowed) allowed"
                }
            }
        }
        return nil
    }
}
