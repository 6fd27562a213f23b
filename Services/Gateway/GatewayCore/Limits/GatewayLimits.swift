/// What a gateway remembers of its callers' rates. It outlives every configuration.
public final class GatewayLimits: Sendable {
    public let rates: RateLimiter
    public let addresses: AddressLimiter

    public init(rates: RateLimiter, addresses: AddressLimiter) {
        self.rates = rates
        self.addresses = addresses
    }

    /// Limits of this process alone.
    ///
    /// - Parameters:
    ///   - replicas: by how many the rates are divided.
    ///   - seed: a random number.
    public convenience init(
        capacity: Int = 1 << 20, replicas: ReplicaCount = ReplicaCount(configured: 1), seed: UInt64
    ) {
        self.init(
            rates: RateLimiter(
                table: RateLimitTable(capacity: capacity, seed: seed), replicas: replicas,
                seed: seed, clock: { 0 }),
            addresses: AddressLimiter(seed: seed))
    }
}
