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
    /// Before each further attempt; nil: as long as 95 of 100 calls of the method take.
    public var delay: Duration?
    /// Failures after which the others go on; nil: those of the method's retry policy.
    public var codes: [StatusCode]?

    public init(
        maximumAttempts: Int = 2, delay: Duration? = nil, codes: [StatusCode]? = nil
    ) {
        precondition((2...5).contains(maximumAttempts), "2 to 5 attempts")
        self.maximumAttempts = maximumAttempts
        self.delay = delay
        self.codes = codes
    }
}

/// What a client decides for itself; the schema decides what may be repeated.
public struct ClientPolicy: Sendable, Hashable {
    public var balancing: LoadBalancing
    /// Nil: an attempt follows only a failed one.
    public var hedging: HedgingPolicy?
    /// The name under which servers are asked whether they take calls (gRFC A17), empty for the server
    /// as a whole: calls go to those that say so, and to those without health service. Nil: all that
    /// can be reached take calls. For services of our own.
    public var healthService: String?

    /// Forwarded calls at once, over all event loops; one more fails with UNAVAILABLE, reason
    /// `CIRCUIT_OPEN`.
    public var maximumInFlight = Int.max
    /// Calls that may wait for an endpoint, over all event loops; with a `maximumInFlight` also those
    /// that wait for a stream of one.
    public var maximumPending = 1_000
    /// How long one attempt to connect may take.
    public var connectTimeout = Duration.seconds(2)
    /// How much calls are repeated.
    public var repetition = Repetition()

    /// Bounds of repeated calls, whatever the schema says of single methods.
    public struct Repetition: Sendable, Hashable {
        /// Attempts of one call, the first included.
        public var maximumAttempts = 5
        /// Of the calls of the last ten seconds.
        public var percent = 20
        public var perSecond = 10.0
        /// Bytes of a request that is kept for a further attempt.
        public var keptBytes = 256 << 10

        public init() {}
    }

    public init(
        balancing: LoadBalancing = .p2c, hedging: HedgingPolicy? = nil,
        healthService: String? = nil
    ) {
        self.balancing = balancing
        self.hedging = hedging
        self.healthService = healthService
    }

    public static let standard = ClientPolicy()
}
