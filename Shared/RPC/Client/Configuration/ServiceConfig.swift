/// How a client calls one target, in the JSON of gRPC's service config
/// (`grpc/service_config/service_config.proto`, gRFC A6, A17): it tunes what the schemas allow, and
/// allows nothing more.
///
///     { "loadBalancingConfig": [{ "p2c": {} }],
///       "methodConfig": [{
///         "name": [{ "service": "assay.models.v1.ModelServing", "method": "Predict" }],
///         "timeout": "0.05s", "waitForReady": true,
///         "retryPolicy": { "maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.25s",
///                          "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"] } }],
///       "retryThrottling": { "maxTokens": 100, "tokenRatio": 0.1 },
///       "healthCheckConfig": { "serviceName": "" } }
public struct ServiceConfig: Sendable, Hashable {
    public var methods: [MethodConfig]
    /// Nil: 100 tokens, 0.1 back for each success.
    public var throttling: RetryThrottling?
    /// Nil leaves the choice to the client.
    public var balancing: LoadBalancing?
    /// The name that a client with a health watch asks for; nil leaves it to the client.
    public var healthCheckService: String?

    public init(
        methods: [MethodConfig] = [], throttling: RetryThrottling? = nil,
        balancing: LoadBalancing? = nil, healthCheckService: String? = nil
    ) {
        self.methods = methods
        self.throttling = throttling
        self.balancing = balancing
        self.healthCheckService = healthCheckService
    }

    /// What holds for a method: the entry that names it, else its service's, else the one for all.
    public func settings(for path: String) -> MethodConfig? {
        let parts = path.split(separator: "/")
        guard parts.count == 2 else { return nil }
        let names = [
            MethodConfig.Name(service: String(parts[0]), method: String(parts[1])),
            MethodConfig.Name(service: String(parts[0])), MethodConfig.Name(),
        ]
        return names.lazy.compactMap { name in methods.first { $0.names.contains(name) } }.first
    }
}

/// What a service config says about some methods.
public struct MethodConfig: Sendable, Hashable {
    /// A method, all methods of a service, or all.
    public struct Name: Sendable, Hashable {
        public var service: String
        public var method: String

        public init(service: String = "", method: String = "") {
            self.service = service
            self.method = method
        }
    }

    public var names: [Name]
    /// In the place of the schema's deadline.
    public var timeout: Duration?
    public var waitsForReady: Bool
    /// In the place of the schema's, for methods that may be repeated.
    public var retry: RetryPolicy?
    /// Attempts side by side, for methods that may be repeated.
    public var hedging: HedgingPolicy?

    public init(
        names: [Name], timeout: Duration? = nil, waitsForReady: Bool = false,
        retry: RetryPolicy? = nil, hedging: HedgingPolicy? = nil
    ) {
        self.names = names
        self.timeout = timeout
        self.waitsForReady = waitsForReady
        self.retry = retry
        self.hedging = hedging
    }
}

/// When a target that mostly fails gets no further attempts (gRFC A6).
public struct RetryThrottling: Sendable, Hashable {
    /// Further attempts are made above half of them.
    public var maximumTokens: Int
    /// What a success gives back; a failure takes 1.
    public var tokenRatio: Double

    public init(maximumTokens: Int = 100, tokenRatio: Double = 0.1) {
        self.maximumTokens = maximumTokens
        self.tokenRatio = tokenRatio
    }
}
