/// A rate as people write it: so many requests per period, and so many at once.
public struct RateLimit: Sendable, Hashable {
    public let limit: Int
    public let period: Duration
    public let burst: Int

    /// Nil when out of range: a limit of 1 to 1,000,000 per second, a period of 1 s to 31 d, a
    /// burst of at least 1 and at most as much as 31 days bring.
    public init?(limit: Int, period: Duration, burst: Int) {
        let seconds = period.components.seconds
        guard (1...2_678_400).contains(seconds), period.components.attoseconds == 0,
            limit >= 1, Int64(limit) <= seconds * 1_000_000, burst >= 1,
            burst <= 1_000_000_000
        else { return nil }
        let (depth, overflow) = Self.cell(limit, seconds).multipliedReportingOverflow(
            by: Int64(burst))
        guard !overflow, depth <= Self.maximumDepth else { return nil }
        self.limit = limit
        self.period = period
        self.burst = burst
    }

    /// For constants whose ranges are plain to see.
    init(unchecked limit: Int, period: Duration, burst: Int) {
        self.limit = limit
        self.period = period
        self.burst = burst
    }

    /// 31 days in nanoseconds: no caller can be made to wait longer.
    static let maximumDepth: Int64 = 2_678_400_000_000_000

    /// Nanoseconds that one request is worth, rounded up.
    static func cell(_ limit: Int, _ seconds: Int64) -> Int64 {
        let nanoseconds = seconds * 1_000_000_000
        return (nanoseconds + Int64(limit) - 1) / Int64(limit)
    }
}

/// The generic cell rate algorithm on integers of nanoseconds.
///
/// State is one number per caller, the theoretical arrival time (TAT). A request of cost c conforms
/// iff max(TAT, now) + c·⌈T⌉ − now ≤ τ, with T = period ÷ limit and τ = burst · ⌈T⌉; then the TAT
/// becomes max(TAT, now) + c·⌈T⌉. So for every window W: admitted ≤ burst + limit · W ÷ period.
/// Rounding T up errs to the strict side by less than a nanosecond per request, and a burst of n
/// admits exactly n requests.
public struct GenericCellRateLimiter: Sendable, Hashable {
    public let rate: RateLimit
    /// ⌈T⌉ in nanoseconds.
    let cell: Int64
    /// τ in nanoseconds.
    let depth: Int64

    public init(_ rate: RateLimit) {
        self.rate = rate
        cell = RateLimit.cell(rate.limit, rate.period.components.seconds)
        depth = Int64(rate.burst) * cell
    }

    private init(_ rate: RateLimit, cell: Int64, depth: Int64) {
        self.rate = rate
        self.cell = cell
        self.depth = depth
    }

    /// What each of `replicas` may admit while they cannot ask each other: the period is so many times
    /// as long and τ the same, so rate and burst are divided by them. A request of `cost` always has
    /// room in an unused share.
    public func share(of replicas: Int, cost: Int = 1) -> GenericCellRateLimiter {
        if replicas <= 1 { return self }
        let (cell, overflow) = cell.multipliedReportingOverflow(by: Int64(replicas))
        guard !overflow, cell <= RateLimit.maximumDepth else {
            return GenericCellRateLimiter(
                rate, cell: RateLimit.maximumDepth, depth: RateLimit.maximumDepth)
        }
        let (charge, isTooMuch) = cell.multipliedReportingOverflow(by: Int64(max(1, cost)))
        return GenericCellRateLimiter(
            rate, cell: cell, depth: isTooMuch ? depth : max(depth, charge))
    }

    public struct Decision: Sendable, Hashable {
        public let isAdmitted: Bool
        /// What to store. A refusal spends nothing: it is what was stored, within this limit's reach.
        public let arrival: Int64
        /// Nanoseconds until the same request would conform; 0 when it was admitted.
        public let wait: Int64
        /// Requests of cost 1 that would conform now.
        public let remaining: Int
        /// Nanoseconds until the whole burst is there again.
        public let untilFull: Int64
    }

    /// - Parameters:
    ///   - arrival: The stored TAT, or nil for a caller not seen before.
    ///   - now: Nanoseconds of a monotonic clock.
    ///   - cost: At most the burst, which the configuration checks; more is never admitted.
    public func decide(arrival: Int64?, now: Int64, cost: Int = 1) -> Decision {
        // A TAT out of reach comes from a larger plan of before; it is brought into this one's.
        let start = min(max(arrival ?? now, now), now.saturating(adding: depth))
        let room = now.saturating(adding: depth) - start
        let charge = charge(cost)
        guard charge <= room else {
            return Decision(
                isAdmitted: false, arrival: start, wait: charge - room,
                remaining: Int(room / cell), untilFull: start - now)
        }
        let next = start + charge
        return Decision(
            isAdmitted: true, arrival: next, wait: 0, remaining: Int((room - charge) / cell),
            untilFull: next - now)
    }

    /// cost · ⌈T⌉, or more than any burst when the cost is.
    func charge(_ cost: Int) -> Int64 {
        let (charge, overflow) = Int64(max(0, cost)).multipliedReportingOverflow(by: cell)
        guard cost <= rate.burst, !overflow else { return depth.saturating(adding: 1) }
        return charge
    }
}

extension Int64 {
    func saturating(adding other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    /// Of two that are not negative.
    func saturating(times other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
