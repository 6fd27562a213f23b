internal import RPC

/// How much repeating one event loop's half of a client allows itself: throttle, budgets, and the
/// bytes of requests that it keeps for a further attempt.
struct RetryLimits {
    static let maximumKept = 16 << 20

    var throttle = RetryThrottle()
    private var budget: RetryBudget
    private var hedgingBudget: RetryBudget
    private let maximumKept: Int
    let maximumKeptPerCall: Int
    private(set) var kept = 0
    private var latencies: [String: LatencyQuantile] = [:]

    /// - Parameter share: how many loops share the target's limits.
    init(_ policy: ClientPolicy.Repetition = .init(), share: Int) {
        let reserve = policy.perSecond / Double(max(1, share))
        budget = RetryBudget(percent: policy.percent, reservePerSecond: reserve)
        maximumKeptPerCall = policy.keptBytes
        hedgingBudget = RetryBudget(percent: 5, reservePerSecond: 0)
        maximumKept = Self.maximumKept / max(1, share)
    }

    mutating func called(isHedged: Bool, at now: Instant) {
        budget.called(at: now)
        if isHedged { hedgingBudget.called(at: now) }
    }

    /// Further attempts that could be made now, and attempts side by side.
    mutating func left(at now: Instant) -> (retries: Int, hedges: Int) {
        (budget.left(at: now), hedgingBudget.left(at: now))
    }

    mutating func allowsRetry(at now: Instant) -> Bool {
        throttle.allowsRetry && budget.take(at: now)
    }

    /// Whether a further attempt would be allowed now.
    mutating func mayRetry(at now: Instant) -> Bool {
        throttle.allowsRetry && budget.left(at: now) > 0
    }

    mutating func allowsHedge(at now: Instant) -> Bool {
        throttle.allowsRetry && hedgingBudget.take(at: now)
    }

    /// Whether a request of so many bytes may be kept; then `release` must follow.
    mutating func keep(_ bytes: Int) -> Bool {
        guard bytes <= maximumKeptPerCall, kept + bytes <= maximumKept else { return false }
        kept += bytes
        return true
    }

    mutating func release(_ bytes: Int) { kept -= bytes }

    mutating func record(_ latency: Duration, of method: String) {
        latencies[method, default: LatencyQuantile()].record(latency)
    }

    func typicalLatency(of method: String) -> Duration? { latencies[method]?.p95 }
}
