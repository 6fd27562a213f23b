public import RPC

extension GatewayConfiguration {
    /// What a limit counts: calls, or the costs that the schemas give them.
    public enum Counts: String, Sendable, Hashable, CaseIterable { case requests, cost }

    /// What a rule decides while nobody can ask the store.
    public enum StoreFailure: String, Sendable, Hashable, CaseIterable {
        case localShare = "local_share"
        case deny, allow
    }

    /// One rate, and how it applies.
    public struct RateRule: Sendable, Hashable {
        public var rate: RateLimit
        public var counts: Counts
        /// Evaluated and charged, but never refuses.
        public var isShadow: Bool
        public var onStoreFailure: StoreFailure
        /// Joins all keys of a client instead of counting each apart.
        public var isPerClient: Bool
        public var place: SourcePlace

        public init(
            rate: RateLimit, counts: Counts = .requests, isShadow: Bool = false,
            onStoreFailure: StoreFailure = .localShare, isPerClient: Bool = false,
            place: SourcePlace = SourcePlace()
        ) {
            self.rate = rate
            self.counts = counts
            self.isShadow = isShadow
            self.onStoreFailure = onStoreFailure
            self.isPerClient = isPerClient
            self.place = place
        }
    }

    public struct MethodRule: Sendable, Hashable {
        /// "package.Service/Method".
        public var method: String
        public var rule: RateRule
    }

    /// Calls in flight at once, over all replicas.
    public struct Concurrency: Sendable, Hashable {
        public var client: Int
        public var tenant: Int

        /// As many as the default plan's burst: what the rate lets in at once is not refused here.
        public static let standard = Concurrency(client: 100, tenant: 500)
    }

    public struct Plan: Sendable, Hashable {
        public var name: String
        public var tenant: RateRule?
        public var client: RateRule
        /// In the file's order.
        public var methods: [MethodRule]
        public var concurrency: Concurrency
        /// How much calls matter to services that cannot serve all; nil leaves it to the method.
        public var criticality: Criticality?

        /// 100 requests per minute and key: of every client without another plan.
        public static let standard = Plan(
            name: "default",
            client: RateRule(
                rate: RateLimit(limit: 100, period: .seconds(60), burst: 100) ?? .least),
            methods: [], concurrency: .standard)
    }

    /// Limits of one address, before anyone knows who calls.
    public struct AddressLimit: Sendable, Hashable {
        public var rate: RateLimit
        /// Counts every call, not only those of public methods.
        public var countsAllCalls: Bool
        public var failedLogins: RateLimit

        public static let standard = AddressLimit(
            rate: RateLimit(limit: 600, period: .seconds(60), burst: 100) ?? .least,
            countsAllCalls: false,
            failedLogins: RateLimit(limit: 20, period: .seconds(60), burst: 20) ?? .least)
    }
}

extension RateLimit {
    /// One request per second.
    static let least = RateLimit(unchecked: 1, period: .seconds(1), burst: 1)
}
