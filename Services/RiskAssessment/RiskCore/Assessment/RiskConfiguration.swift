public import RPC
public import Wire

/// What the service needs to know besides rules and policy.
public struct RiskConfiguration: Sendable {
    /// The vector that decisions on payments read.
    public var vectorName = "payment_fraud"
    public var vectorVersion: UInt32 = 1
    /// Whether rules read the vector `rule_facts@1`; if not, they see the features of the model's
    /// vector alone.
    public var usesRuleVector = true
    /// Namespaces of facts whose sources the bank has switched on, such as `kyc` or `bureau`: from
    /// then on a rule that misses them says so.
    public var enabledFacts: Set<String> = []
    /// Hash contact data and devices.
    public var tenantKeys = TenantKeys(secret: [])
    /// Model for payments; nil: rules alone. If it is named but not registered, rules decide
    /// alone, and that is not degraded.
    public var paymentModel: String? = "payment-fraud"
    public var creditModel = "credit-german"
    public var alias = "champion"
    /// Shares of the time left that the two calls may take, one after the other.
    public var featuresShare = 0.6
    public var modelShare = 0.7
    /// When the caller has no deadline.
    public var longestCall: Duration = .seconds(1)
    /// How long a model that is not registered is not asked again.
    public var missingModelPause: Duration = .seconds(5)
    /// How long somebody who watches decisions may read nothing.
    public var watchPatience: Duration = .seconds(30)
    /// Goes into records: what decided.
    public var build = "dev"

    public init() {}
}

/// Clocks and randomness, so that a test knows what they give.
public struct RiskSurroundings: Sendable {
    public var now: @Sendable () -> Timestamp
    public var monotonic: @Sendable () -> Instant
    public var newDecisionID: @Sendable () -> UniqueID
    /// 32 bytes that nobody can guess.
    public var newSalt: @Sendable () -> [UInt8]
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Timestamp, monotonic: @escaping @Sendable () -> Instant,
        newDecisionID: @escaping @Sendable () -> UniqueID,
        newSalt: @escaping @Sendable () -> [UInt8],
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.now = now
        self.monotonic = monotonic
        self.newDecisionID = newDecisionID
        self.newSalt = newSalt
        self.sleep = sleep
    }
}
