/// Where the replicas of a gateway keep their limits together.
public protocol RateLimitStore: Sendable {
    /// Whether there is somebody to ask; if not, `take` fails at once.
    var isReady: Bool { get }

    /// Takes from every rule, or from none.
    ///
    /// - Parameters:
    ///   - budget: nanoseconds after which nobody waits for the answer any more.
    ///   - done: called once, on any thread, at once if there is nothing to wait for.
    func take(
        _ order: StoreOrder, within budget: Int64,
        _ done: @escaping @Sendable (Result<StoreReply, StoreFault>) -> Void)
}

/// What is taken from the store in one step.
public struct StoreOrder: Sendable, Hashable {
    public struct Rule: Sendable, Hashable {
        public var key: [UInt8]
        /// One request takes `step` ÷ `limit` microseconds, rounded up over all that is taken.
        public var step: Int64
        public var limit: Int64
        /// Microseconds that may be taken ahead of time.
        public var depth: Int64
        /// How far ahead what is kept under the key may lie, by this rule and all others that use it. What
        /// lies further is of a clock that was set back, or of a larger plan of before.
        public var reach: Int64
        /// Whether it refuses.
        public var isEnforced: Bool

        /// - Parameter reach: at least `depth`, and that if absent.
        public init(
            key: [UInt8], step: Int64, limit: Int64, depth: Int64, reach: Int64? = nil,
            isEnforced: Bool
        ) {
            self.key = key
            self.step = step
            self.limit = limit
            self.depth = depth
            self.reach = max(depth, reach ?? depth)
            self.isEnforced = isEnforced
        }
    }

    public var rules: [Rule]
    /// Requests that must be granted together, and that are granted if they fit: 1 and 1 but for
    /// leases.
    public var least: Int
    public var want: Int

    public init(rules: [Rule], least: Int = 1, want: Int = 1) {
        self.rules = rules
        self.least = least
        self.want = want
    }
}

/// What the store says to an order.
public struct StoreReply: Sendable, Hashable {
    public struct Rule: Sendable, Hashable {
        /// Microseconds until nothing is taken ahead of time any more.
        public var untilFull: Int64
        /// What was asked for does not fit, whether or not the rule is enforced.
        public var isBlocked: Bool

        public init(untilFull: Int64, isBlocked: Bool) {
            self.untilFull = untilFull
            self.isBlocked = isBlocked
        }
    }

    /// Requests granted; 0 if a rule refused.
    public var granted: Int
    /// The place of the rule with the longest wait, and that wait in microseconds, if refused.
    public var refused: Int?
    public var wait: Int64
    /// In the order of the order's.
    public var rules: [Rule]

    public init(granted: Int, refused: Int?, wait: Int64, rules: [Rule]) {
        self.granted = granted
        self.refused = refused
        self.wait = wait
        self.rules = rules
    }
}

/// Why the store has not answered. What was asked for may have been taken all the same.
public enum StoreFault: Error, Sendable, Hashable {
    /// Not in time, or too many wait already.
    case late
    /// It cannot be reached, refused, or said what it should not.
    case failed(String)
}
