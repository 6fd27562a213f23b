/// How long the orderly end of a server may take.
public struct DrainTimes: Sendable, Hashable {
    /// From the moment that it says it is not ready, until it refuses connections: load balancers
    /// learn of it meanwhile.
    public var endpointDelay: Duration
    /// From then on, what calls in flight have.
    public var grace: Duration

    public init(endpointDelay: Duration = .zero, grace: Duration = .seconds(30)) {
        self.endpointDelay = endpointDelay
        self.grace = grace
    }
}
