/// What the limits say of a call.
public struct RateLimitDecision: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case admitted
        /// Over this rule's rate: the same call would conform after `wait` nanoseconds.
        case limited(LimitRule.Level, wait: Int64)
        /// The store cannot be asked, and this rule then lets nothing pass.
        case unavailable(LimitRule.Level)
    }

    /// Who has decided.
    public enum Source: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case store, share, lease, refusals

        public var description: String {
            switch self {
            case .store: "store"
            case .share: "share"
            case .lease: "lease"
            case .refusals: "refusal_cache"
            }
        }
    }

    /// How the caller stands with one rule.
    public struct Standing: Sendable, Hashable {
        /// Its place among the question's rules.
        public var rule: Int
        /// Units left.
        public var remaining: Int
        /// Nanoseconds until the whole burst is there again.
        public var untilFull: Int64
    }

    public var outcome: Outcome
    public var source: Source
    /// With the rule that refused, else with the one that the fewest further calls have room in; nil
    /// without rules.
    public var tightest: Standing?
    /// The places of shadow rules that would have refused, as bits.
    public var shadowed: UInt8 = 0

    public var isAdmitted: Bool { outcome == .admitted }

    static let unlimited = RateLimitDecision(outcome: .admitted, source: .share, tightest: nil)
}

/// Finds the tightest of the rules while they are looked at one by one.
struct TightestStanding {
    private(set) var standing: RateLimitDecision.Standing?
    private var calls = Int.max

    mutating func add(_ rule: Int, _ remaining: Int, units: Int, untilFull: Int64) {
        let calls = units > 0 ? remaining / units : Int.max
        guard standing == nil || calls < self.calls else { return }
        self.calls = calls
        standing = RateLimitDecision.Standing(
            rule: rule, remaining: remaining, untilFull: untilFull)
    }
}
