internal import Synchronization

/// What need not be asked of the store, by caller and method.
///
/// * A refusal is repeated until the wait that the store named is over. That is exact, since a time of
///   arrival never falls; other rules have another key.
/// * A caller with more than 200 calls a second here, whose rules allow as many, takes tokens for about
///   20 ms at once. They are used within 100 ms, and what is left is forfeited. While tokens are on
///   their way, its calls wait for them rather than ask, too. Under a slower rule the store is asked
///   for each call: there are few, and what is forfeited of a small burst would be missed.
final class LeaseTable: Sendable {
    /// A call that waits for a lease.
    struct Waiter: Sendable {
        let question: LimitQuestion
        /// When it will not wait any more.
        let deadline: Int64
        let done: @Sendable (RateLimitDecision) -> Void
    }

    enum Turn: Sendable {
        case decided(RateLimitDecision)
        /// Ask for so many. A lease has to be settled; others wait for it.
        case ask(want: Int, isLease: Bool)
        case waits
    }

    /// What there is to do once a lease is settled.
    struct Settlement {
        var admitted: [Waiter] = []
        var others: [Waiter] = []
        /// For those that got none.
        var want = 0
    }

    private struct Entry {
        var windowStart: Int64
        var calls = 0
        /// Calls a second in the window before.
        var rate = 0
        var refusedUntil = Int64.min
        var refusal: RateLimitDecision?
        var tokens = 0
        var tokensEnd = Int64.min
        var standing: RateLimitDecision?
        var isAsking = false
        var waiters: [Waiter] = []

        func isIdle(_ now: Int64) -> Bool {
            !isAsking && refusedUntil <= now && (tokens == 0 || tokensEnd <= now)
                && now - windowStart > 2 * LeaseTable.window
        }
    }

    private struct Part {
        var entries: [UInt64: Entry] = [:]
        var lastPurge = Int64.min
    }

    private final class Shard: Sendable { let part = Mutex(Part()) }

    private let shards: [Shard]
    private let perShard: Int

    static let window: Int64 = 100_000_000
    static let leaseLife: Int64 = 100_000_000
    /// Tokens for so long are asked for.
    static let leaseSpan: Int64 = 20_000_000
    static let hotRate = 200
    /// More calls than these do not wait for one lease.
    static let maximumWaiters = 4096

    init(capacity: Int = 65_536) {
        perShard = max(16, capacity / 16)
        shards = (0..<16).map { _ in Shard() }
    }

    private func withEntry<Result>(
        _ key: UInt64, _ now: Int64, _ body: (inout Entry) -> Result
    ) -> Result? {
        shards[Int(key >> 60)].part.withLock { part in
            if part.entries[key] == nil {
                if part.entries.count >= perShard, !Self.purge(&part, now, perShard) { return nil }
                part.entries[key] = Entry(windowStart: now)
            }
            return body(&part.entries[key, default: Entry(windowStart: now)])
        }
    }

    /// Makes room by forgetting who has not called for a while; not more often than that may help.
    private static func purge(_ part: inout Part, _ now: Int64, _ capacity: Int) -> Bool {
        guard part.lastPurge == .min || now - part.lastPurge > window else { return false }
        part.lastPurge = now
        part.entries = part.entries.filter { !$0.value.isIdle(now) }
        return part.entries.count < capacity
    }

    /// How a call goes on. `waiter` is kept only if it waits.
    func begin(
        _ key: UInt64, _ question: LimitQuestion, now: Int64, replicas: Int, waiter: Waiter
    ) -> Turn {
        let turn = withEntry(key, now) { entry -> Turn in
            Self.count(&entry, now)
            if let refusal = entry.refusal {
                if now < entry.refusedUntil {
                    var decision = refusal
                    decision.shift(by: entry.refusedUntil - now)
                    return .decided(decision)
                }
                entry.refusal = nil
            }
            if entry.tokens > 0, now < entry.tokensEnd, let standing = entry.standing {
                entry.tokens -= 1
                return .decided(standing.with(leased: entry.tokens, of: question))
            }
            entry.tokens = 0
            if entry.isAsking {
                guard entry.waiters.count < Self.maximumWaiters else {
                    return .ask(want: 1, isLease: false)
                }
                entry.waiters.append(waiter)
                return .waits
            }
            let want = Self.want(entry, question, now, replicas)
            entry.isAsking = want > 1
            return .ask(want: want, isLease: want > 1)
        }
        return turn ?? .ask(want: 1, isLease: false)
    }

    /// What is known of a caller and method, without counting a call: for how many nanoseconds it is
    /// refused, and how many tokens it has.
    func look(_ key: UInt64, now: Int64) -> (refusedFor: Int64, leased: Int) {
        shards[Int(key >> 60)].part.withLock { part in
            guard let entry = part.entries[key] else { return (0, 0) }
            let isRefused = entry.refusal != nil && entry.refusedUntil > now
            return (
                isRefused ? entry.refusedUntil - now : 0, entry.tokensEnd > now ? entry.tokens : 0
            )
        }
    }

    private static func count(_ entry: inout Entry, _ now: Int64) {
        let passed = now - entry.windowStart
        if passed >= window {
            // Of a window that nobody looked at the end of, nothing is left.
            entry.rate =
                passed < 2 * window ? Int(Int64(entry.calls) * 1_000_000_000 / passed) : 0
            (entry.windowStart, entry.calls) = (now, 0)
        }
        entry.calls += 1
    }

    /// Calls a second now: those of the last window, or already more in this one.
    private static func rate(_ entry: Entry, _ now: Int64) -> Int {
        let passed = max(leaseSpan, now - entry.windowStart)
        return max(entry.rate, Int(Int64(entry.calls) * 1_000_000_000 / passed))
    }

    /// How many to ask for: 1 if that is no lease.
    private static func want(
        _ entry: Entry, _ question: LimitQuestion, _ now: Int64, _ replicas: Int
    ) -> Int {
        let rate = rate(entry, now)
        let isCoarse = question.rules.contains(where: \.isCoarse)
        guard rate > hotRate || isCoarse, question.rules.allSatisfy(\.isFast) else { return 1 }
        var want = max(2, (rate * Int(leaseSpan) + 999_999_999) / 1_000_000_000)
        want = max(want, entry.waiters.count)
        for rule in question.rules {
            let units = max(1, rule.units(question.cost))
            want = min(want, rule.rate.burst / (4 * replicas * units))
            // Numbers of the script stay exact below 2⁵³.
            let (step, overflow) = Int64(units).multipliedReportingOverflow(by: rule.period)
            want = overflow ? 1 : min(want, Int(StoreOrder.largestProduct / step) - 1)
        }
        return max(1, want)
    }

    /// The store has refused: calls like this one are refused until then.
    func refused(_ key: UInt64, _ decision: RateLimitDecision, until: Int64, now: Int64) {
        _ = withEntry(key, now) { entry in
            entry.refusal = decision.from(.refusals)
            entry.refusedUntil = until
        }
    }

    /// The answer to a lease has come, or none will. Those who waited for it are served in the order
    /// in which they came.
    ///
    /// - Parameters:
    ///   - granted: tokens beyond that of the call that asked; nil if the store did not answer or
    ///     refused: then nobody gets one.
    func settle(
        _ key: UInt64, granted: Int?, _ standing: RateLimitDecision, _ question: LimitQuestion,
        now: Int64, replicas: Int
    ) -> Settlement {
        shards[Int(key >> 60)].part.withLock { part in
            var settlement = Settlement()
            guard var entry = part.entries[key] else { return settlement }
            let served = min(granted ?? 0, entry.waiters.count)
            settlement.admitted = Array(entry.waiters.prefix(served))
            settlement.others = Array(entry.waiters.dropFirst(served))
            entry.waiters = []
            entry.isAsking = false
            if let granted {
                entry.tokens = granted - served
                entry.tokensEnd = now + Self.leaseLife
                entry.standing = standing.from(.lease)
                if !settlement.others.isEmpty {
                    // The first of them asks, and the rest waits again.
                    settlement.want = Self.want(entry, question, now, replicas)
                    if settlement.want > 1 {
                        entry.isAsking = true
                        entry.waiters = Array(settlement.others.dropFirst())
                        settlement.others = Array(settlement.others.prefix(1))
                    }
                }
            }
            part.entries[key] = entry
            return settlement
        }
    }

    /// How many callers are remembered.
    var count: Int { shards.reduce(0) { $0 + $1.part.withLock { $0.entries.count } } }
}

extension StoreOrder {
    /// Integers up to here are exact in the numbers of Lua.
    static let largestProduct: Int64 = 1 << 53
}

extension RateLimitDecision {
    func from(_ source: Source) -> RateLimitDecision {
        var decision = self
        decision.source = source
        return decision
    }

    /// A refusal that is told again: the wait is shorter by now.
    fileprivate mutating func shift(by wait: Int64) {
        guard case .limited(let level, let first) = outcome else { return }
        outcome = .limited(level, wait: wait)
        tightest?.untilFull -= max(0, first - wait)
    }

    /// Tokens of a lease are taken already, and are the caller's.
    fileprivate func with(leased: Int, of question: LimitQuestion) -> RateLimitDecision {
        var decision = self
        if let rule = tightest?.rule, rule < question.rules.count {
            decision.tightest?.remaining += leased * question.rules[rule].units(question.cost)
        }
        return decision
    }
}
