public import RPC

/// What the operator wrote, checked for form but without the files it names.
public struct GatewayConfiguration: Sendable {
    public struct Listener: Sendable, Hashable {
        public var name: String
        public var address: String
        public var port: Int
        public var tls: ListenerTLS?
        /// Host names, without port, that clients may ask for; empty means any.
        public var authorities: [String]
    }

    public struct ListenerTLS: Sendable, Hashable {
        public var certificate: String
        public var key: String
        /// The authorities of clients that show a certificate; nil means that none is asked for.
        public var clients: String?
    }

    public struct Admin: Sendable, Hashable {
        public var address: String
        public var port: Int
    }

    /// Who the gateway is to the services behind it.
    public struct Mesh: Sendable, Hashable {
        public var certificate: String
        public var key: String
        public var bundle: String
    }

    public struct APIKeys: Sendable, Hashable {
        public var file: String
        /// Version and file of each pepper, the newest first.
        public var peppers: [Int: String]
    }

    public struct Tenant: Sendable, Hashable {
        public var isActive: Bool
        public var scopes: [String]
    }

    public struct Client: Sendable, Hashable {
        public var plan: String?
        public var isSuspended: Bool
    }

    public enum Counts: String, Sendable, Hashable { case requests, cost }

    public struct Plan: Sendable, Hashable {
        public var name: String
        public var rate: RateLimit
        public var counts: Counts
        /// How much calls matter to services that cannot serve all.
        public var criticality = Criticality.normal

        /// 100 requests per minute and key: of every client without another plan.
        public static let standard = Plan(
            name: "default",
            rate: RateLimit(limit: 100, period: .seconds(60), burst: 100) ?? .least,
            counts: .requests)
    }

    public struct Route: Sendable, Hashable {
        public var service: String
        public var upstream: String
    }

    public struct Upstream: Sendable, Hashable {
        public var name: String
        /// "host:port", several with commas between.
        public var target: String
        /// SPIFFE IDs of which the other side must have one.
        public var expect: [String]
    }

    /// Shows the schemas of what is routed to clients with the scope `assay.reflection`.
    public var reflection: Bool
    public var listener: Listener
    public var admin: Admin
    /// Absent: upstreams are spoken to in plaintext, which the executable allows on loopback only.
    public var mesh: Mesh?
    public var apiKeys: APIKeys
    public var roles: [String: [String]]
    public var tenants: [String: Tenant]
    /// By "tenant/client".
    public var clients: [String: Client]
    public var plans: [Plan]
    public var routes: [Route]
    public var upstreams: [Upstream]
    /// A file that tunes how upstreams are called, in gRPC's JSON; nil goes by the schemas.
    public var serviceConfig: String?
}

extension RateLimit {
    /// One request per second.
    static let least = RateLimit(unchecked: 1, period: .seconds(1), burst: 1)
}
