public import RPC

extension GatewayConfiguration.Upstream {
    /// How its endpoints are chosen and its calls repeated: once more at most, for a tenth of the calls
    /// and five a second, and only as long as what was sent is short enough to be kept.
    public var policy: ClientPolicy {
        // A service that is about to end, or not ready yet, says so before it refuses calls.
        var policy = ClientPolicy(balancing: LoadBalancing(balancing), healthService: "")
        policy.maximumInFlight = maximumInFlight
        policy.maximumPending = maximumPending
        policy.connectTimeout = connectTimeout
        policy.repetition.maximumAttempts = 2
        policy.repetition.percent = 10
        policy.repetition.perSecond = 5
        policy.repetition.keptBytes = 64 << 10
        return policy
    }

    /// Whether all that its target names is on this machine, whatever a resolver or a file says.
    public var isLoopback: Bool {
        switch try? ClientTarget(target) {
        case .fixed(let endpoints): endpoints.allSatisfy(\.isLoopback)
        case .dns(let host, _): host == "localhost"
        case .file, nil: false
        }
    }
}

extension Endpoint {
    fileprivate var isLoopback: Bool {
        switch address {
        case .host(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .unix: true
        }
    }
}

extension LoadBalancing {
    fileprivate init(_ written: GatewayConfiguration.Balancing) {
        switch written {
        case .p2c: self = .p2c
        case .roundRobin: self = .roundRobin
        case .pickFirst: self = .pickFirst
        }
    }
}
