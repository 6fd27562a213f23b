public import RPC

extension GatewayConfiguration {
    /// What may be said of a whole service, or of one of its methods.
    public struct CallSettings: Sendable, Hashable {
        /// `required` refuses callers without a verified certificate.
        public var clientCertificate: ClientCertificate?
        /// Refused while the access log cannot be written.
        public var isAudited: Bool?
        /// How much calls matter whose client and plan say nothing.
        public var criticality: Criticality?
        /// Of one stream, in each direction.
        public var maximumMessages: Int?
        public var maximumBytes: Int?
        public var place = SourcePlace()

        public init() {}
    }

    public struct Route: Sendable, Hashable {
        public var service: String
        public var upstream: String
        /// Names of the listeners it is reachable on; nil is all.
        public var listeners: [String]?
        public var settings: CallSettings
        /// Settings of single methods, by name; they go before the service's.
        public var methods: [String: CallSettings]
        public var place: SourcePlace
    }

    /// How a call's endpoint is chosen.
    public enum Balancing: String, Sendable, Hashable, CaseIterable {
        case p2c
        case roundRobin = "round_robin"
        case pickFirst = "pick_first"
    }

    public struct Upstream: Sendable, Hashable {
        public var name: String
        /// "host:port", several with commas between, or "dns:///host:port".
        public var target: String
        public var balancing: Balancing
        /// SPIFFE IDs of which the other side must have one.
        public var expect: [String]
        /// Calls at once; one more is refused with `CIRCUIT_OPEN`.
        public var maximumInFlight: Int
        /// Calls that wait for a connection.
        public var maximumPending: Int
        public var connectTimeout: Duration
        /// No call takes longer, whatever its method allows.
        public var callTimeout: Duration?
        /// The gateway is not ready before it has reached an endpoint.
        public var isRequired: Bool
    }
}
