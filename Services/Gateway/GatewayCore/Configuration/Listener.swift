extension GatewayConfiguration {
    /// A port that clients reach.
    public struct Listener: Sendable, Hashable {
        public var name: String
        public var address: String
        public var port: Int
        public var tls: ListenerTLS?
        /// Whether HTTP/1.1 is spoken beside HTTP/2.
        public var speaksHTTP1: Bool
        /// Host names, in lower case and without port, that clients may ask for; empty means any.
        public var authorities: [String]
        /// Nil: browsers of other origins get nothing.
        public var crossOrigin: CrossOrigin?
        public var place: SourcePlace
    }

    public struct ListenerTLS: Sendable, Hashable {
        public var certificate: String
        public var key: String
        /// The authorities of clients that show a certificate.
        public var clientAuthorities: String?
        public var clientCertificate: ClientCertificate
    }

    /// Whether clients show a certificate.
    public enum ClientCertificate: String, Sendable, Hashable, CaseIterable {
        /// None is asked for.
        case none
        /// One that is shown is verified.
        case optional
        /// Without one nothing is served.
        case required
    }

    /// Which web pages of other origins may call (Fetch standard, CORS protocol).
    public struct CrossOrigin: Sendable, Hashable {
        /// "https://host" or "https://host:port", compared byte for byte.
        public var origins: [String]
        /// Lower-case names of request headers that a page may set.
        public var headers: [String]
        /// How long a browser may remember the answer to a preflight.
        public var maximumAge: Duration

        public static let standardHeaders = [
            "authorization", "connect-protocol-version", "connect-timeout-ms", "content-type",
            "idempotency-key", "x-api-key", "x-request-id",
        ]
    }
}
