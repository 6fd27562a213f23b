public import RPC

extension GatewayConfiguration {
    /// Which credentials are believed.
    public struct Authentication: Sendable, Hashable {
        public var apiKeys: APIKeys?
        public var issuers: [Issuer]
        public var certificates: [CertificateRule]
    }

    public struct APIKeys: Sendable, Hashable {
        public var file: String
        /// Version and file of each pepper.
        public var peppers: [Int: String]
    }

    /// Who signs tokens, and which of their claims say what (RFC 7519, RFC 9068).
    public struct Issuer: Sendable, Hashable {
        /// Compared byte for byte with `iss`.
        public var issuer: String
        /// One of which must be in `aud`.
        public var audiences: [String]
        /// https, without user and fragment.
        public var keySetURL: String?
        public var keySetFile: String?
        /// PEM file with the authorities of the key set's host.
        public var authorities: String?
        /// Of RSA keys whose set names none.
        public var algorithm: Algorithm?
        /// Tokens that live longer are refused.
        public var maximumLifetime: Duration
        public var claims: Claims
        /// The tenants that this issuer may speak for; empty is all.
        public var tenants: [String]
        public var place: SourcePlace
    }

    /// The signature algorithms of RFC 7518 and RFC 8037 that tokens may use.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
        case rs256 = "RS256"
        case ps256 = "PS256"
        case es256 = "ES256"
        case es384 = "ES384"
        case edDSA = "EdDSA"
    }

    /// Names of claims.
    public struct Claims: Sendable, Hashable {
        public var tenant = "tenant"
        public var client = "client_id"
        public var scopes = "scope"
        public var roles = "roles"
    }

    /// The client that a certificate stands for.
    public struct CertificateRule: Sendable, Hashable {
        public enum Subject: Sendable, Hashable {
            case spiffe(String)
            /// A DNS name among the certificate's alternative names, in lower case.
            case dns(String)
            /// SHA-256 of the certificate, 64 hexadecimal digits in lower case.
            case thumbprint(String)
        }

        public var subject: Subject
        public var tenant: String
        public var client: String
        public var roles: [String]
        public var scopes: [String]
        public var place: SourcePlace
    }

    public struct Tenant: Sendable, Hashable {
        public var isActive: Bool
        public var scopes: [String]
        /// In place of the tenant level of its clients' plans.
        public var limit: RateRule?
        public var place = SourcePlace()
    }

    public struct Client: Sendable, Hashable {
        public var plan: String?
        public var isSuspended: Bool
        /// Before the plan's and the method's.
        public var criticality: Criticality?
        public var place = SourcePlace()
    }
}
