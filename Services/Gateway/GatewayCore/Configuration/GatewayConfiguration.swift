/// What the operator wrote, checked for form but without the files it names. No secret stands in
/// it: those are in files of their own.
public struct GatewayConfiguration: Sendable, Hashable {
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

    /// The Redis that replicas share their rate limits in.
    public struct Store: Sendable, Hashable {
        /// `redis://` or `rediss://` without user and password.
        public var url: String
        /// How long one decision may wait for it.
        public var budget: Duration
        /// Of Redis' access control lists; empty is the default user.
        public var username: String
        public var passwordFile: String?
        /// The authorities of its certificate; the mesh's bundle when absent.
        public var authorities: String?
    }

    /// Files that are appended to; "-" is standard error.
    public struct Logs: Sendable, Hashable {
        public var access: String?
        public var security: String?
    }

    /// What this process can carry; see `AdmissionControl`.
    public struct Capacity: Sendable, Hashable {
        public var inFlight: Int
        /// Bytes of resident memory; nil is what the system grants the process.
        public var memory: Int?

        public static let standard = Capacity(inFlight: 4096, memory: nil)
    }

    /// The file it was read from, as given.
    public var file: String
    /// Shows the schemas of what is routed to clients with the scope `assay.reflection`.
    public var reflection: Bool
    public var listeners: [Listener]
    public var connections: Connections
    public var admin: Admin
    /// Absent: upstreams are spoken to in plaintext, which the executable allows on loopback only.
    public var mesh: Mesh?
    /// Absent: every replica counts alone.
    public var store: Store?
    /// How many gateways share the limits until the live count is known.
    public var replicas: Int
    public var authentication: Authentication
    public var roles: [String: [String]]
    public var tenants: [String: Tenant]
    /// By "tenant/client".
    public var clients: [String: Client]
    public var addressLimit: AddressLimit
    public var plans: [Plan]
    public var capacity: Capacity
    public var routes: [Route]
    public var upstreams: [Upstream]
    /// Peers whose `x-forwarded-*` fields are believed.
    public var trustedProxies: [AddressBlock]
    public var logs: Logs
    /// A file that tunes how upstreams are called, in gRPC's JSON; nil goes by the schemas.
    public var serviceConfig: String?

    func error(at place: SourcePlace, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, at: place, message: message)
    }
}
