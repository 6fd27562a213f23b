/// One rate of a plan, compiled: what it is called, what it counts and how exactly.
///
/// The store counts in whole microseconds of its own clock, a process in nanoseconds of its own.
public struct LimitRule: Sendable, Hashable {
    /// Whose calls a rule counts together.
    public enum Level: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case tenant, client, method

        /// The rule's name in headers, logs and metrics.
        public var description: String {
            switch self {
            case .tenant: "tenant"
            case .client: "client"
            case .method: "method"
            }
        }
    }

    /// What a rule decides while nobody can ask the store.
    public enum StoreFailure: Sendable, Hashable { case localShare, deny, allow }

    public let level: Level
    public let rate: RateLimit
    /// Whether a call counts as much as its method costs, and not 1.
    public let countsCost: Bool
    /// Evaluated and charged when it fits, but it never refuses.
    public let isShadow: Bool
    public let onStoreFailure: StoreFailure
    /// `"client";q=100;w=60`: the draft's RateLimit-Policy.
    let policy: String
    let limiter: GenericCellRateLimiter
    /// Microseconds and units of the rate, without their common divisor.
    let period: Int64
    let limit: Int64
    /// τ in microseconds: burst × ⌈T⌉ up to 1,000 per second, so a burst of n admits exactly n; above
    /// that ⌊burst × T⌋, where rounding T up would take away too much.
    let depth: Int64
    /// τ in microseconds of the deepest rule that counts under the same tenant's or client's name: what is
    /// kept under it may lie so far ahead, and no further. That of this rule if nobody says otherwise.
    var sharedDepth: Int64
    /// T is no whole number of microseconds and so short that the rounding of single charges is felt.
    let isCoarse: Bool
    /// Allows so many calls that their tokens are worth taking ahead.
    let isFast: Bool

    public init(
        level: Level, rate: RateLimit, countsCost: Bool = false, isShadow: Bool = false,
        onStoreFailure: StoreFailure = .localShare
    ) {
        self.level = level
        self.rate = rate
        self.countsCost = countsCost
        self.isShadow = isShadow
        self.onStoreFailure = onStoreFailure
        let seconds = rate.period.components.seconds
        policy = "\"\(level)\";q=\(rate.limit);w=\(seconds)"
        limiter = GenericCellRateLimiter(rate)
        let microseconds = seconds * 1_000_000
        let divisor = Self.commonDivisor(microseconds, Int64(rate.limit))
        period = microseconds / divisor
        limit = Int64(rate.limit) / divisor
        let single = (period + limit - 1) / limit
        let isSubmillisecond = Int64(rate.limit) > 1_000 * seconds
        isFast = Int64(rate.limit) >= Int64(LeaseTable.hotRate) * seconds
        let exact = Int64(clamping: Int128(rate.burst) * Int128(period) / Int128(limit))
        depth = max(single, isSubmillisecond ? exact : Int64(rate.burst) * single)
        sharedDepth = depth
        isCoarse = isSubmillisecond && limit > 1
    }

    private static func commonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// How many microseconds ahead there may be a time under the name that `question` counts under.
    func reach(_ question: LimitQuestion) -> Int64 {
        level == .tenant || question.isClient ? sharedDepth : depth
    }

    /// What a call of this cost counts as.
    func units(_ cost: Int) -> Int { countsCost ? cost : 1 }

    /// Units that fit into τ when it takes this long until all of it is there again.
    func remaining(untilFull microseconds: Int64) -> Int {
        let room = max(0, depth - microseconds)
        return Int(clamping: Int128(room) * Int128(limit) / Int128(period))
    }
}
