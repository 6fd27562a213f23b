/// How a client chooses among the endpoints of its target.
public enum LoadBalancing: Sendable, Hashable {
    /// Two at random; the one with the lower latency × calls in flight wins. For stateless services.
    case p2c
    /// The next one that is ready.
    case roundRobin
    /// The first one that connects, as long as it lives. For a proxy.
    case pickFirst
    /// The owner of the call's `routingKey` on a ring that is the same in every process. A call
    /// without a key goes to a random place of the ring.
    case ringHash(spill: Spill)

    /// What happens to a call whose owner is down.
    public enum Spill: Sendable, Hashable {
        /// It fails with UNAVAILABLE: what it asks for is nowhere else.
        case never
        /// It goes to the next one on the ring.
        case next
    }
}

/// Further attempts before the first one has failed, for methods that may be repeated.
public struct HedgingPolicy: Sendable, Hashable {
    /// All attempts together, the first included: 2 to 5.
    public var maximumAttempts: Int

    public init(maximumAttempts: Int = 2) {
        precondition((2...5).contains(maximumAttempts), "2 to 5 attempts")
        self.maximumAttempts = maximumAttempts
    }
}

/// What a client decides for itself; the schema decides what may be repeated.
public struct ClientPolicy: Sendable, Hashable {
    public var balancing: LoadBalancing
    /// Nil: an attempt follows only a failed one.
    public var hedging: HedgingPolicy?

    public init(balancing: LoadBalancing = .p2c, hedging: HedgingPolicy? = nil) {
        self.balancing = balancing
        self.hedging = hedging
    }

    public static let standard = ClientPolicy()
}
