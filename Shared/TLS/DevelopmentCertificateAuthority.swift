internal import COpenSSL

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// When a certificate is valid, in seconds since 1970 (UTC).
public struct CertificateValidity: Sendable, Hashable {
    public var notBefore: Int64
    public var notAfter: Int64

    public init(notBefore: Int64, notAfter: Int64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// From five minutes ago, for clocks that are behind, until `days` from now.
    public static func days(_ days: Int64) -> CertificateValidity {
        let now = Int64(time(nil))
        return CertificateValidity(notBefore: now - 300, notAfter: now + days * 86_400)
    }
}

/// What a new leaf certificate is to say.
public struct LeafCertificateRequest: Sendable, Hashable {
    public var commonName: String
    public var spiffeID: SPIFFEID?
    /// URI names besides the SPIFFE ID: a certificate with any is refused as a workload's.
    public var furtherURIs: [String] = []
    public var dnsNames: [String]
    public var ipAddresses: [String]
    public var validity: CertificateValidity

    public init(
        commonName: String, spiffeID: SPIFFEID? = nil, dnsNames: [String] = [],
        ipAddresses: [String] = [], validity: CertificateValidity = .days(30)
    ) {
        self.commonName = commonName
        self.spiffeID = spiffeID
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.validity = validity
    }
}

/// A certificate authority for one machine: `assay up`, tests and demonstrations. Keys are P-256.
///
/// Production certificates come from cert-manager or a bank's own authority.
public struct DevelopmentCertificateAuthority: Sendable {
    /// The authority's own certificate and key, PEM.
    public let identity: TLSIdentity

    /// What a peer must believe to accept this authority's leaves.
    public var trust: TLSTrust { TLSTrust(certificates: identity.certificateChain) }

    /// Makes a new authority with a new key.
    public init(
        name: String = "Assay development authority", validity: CertificateValidity = .days(365)
    ) throws(TLSError) {
        let key = try PrivateKey.generateP256()
        let builder = try CertificateBuilder(commonName: name, validity: validity, key: key)
        try builder.addToItself(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try builder.addToItself(NID_key_usage, "critical,keyCertSign,cRLSign")
        try builder.addToItself(NID_subject_key_identifier, "hash")
        let certificate = try builder.selfSigned(by: key)
        identity = TLSIdentity(
            certificateChain: try certificate.pem(), privateKey: try key.pem())
    }

    /// Continues with an authority that was made before.
    public init(identity: TLSIdentity) {
        self.identity = identity
    }

    /// Makes a key and a certificate for it, good for both ends of a connection.
    public func issue(_ request: LeafCertificateRequest) throws(TLSError) -> TLSIdentity {
        let authority = try X509Certificate.chain(
            pem: identity.certificateChain, named: "the authority's certificate")
        let authorityKey = try PrivateKey(pem: identity.privateKey)
        let key = try PrivateKey.generateP256()
        let builder = try CertificateBuilder(
            commonName: request.commonName, validity: request.validity, key: key)
        let issuer = authority[0]
        try builder.add(NID_basic_constraints, "critical,CA:FALSE", issuer: issuer)
        try builder.add(NID_key_usage, "critical,digitalSignature", issuer: issuer)
        try builder.add(NID_ext_key_usage, "serverAuth,clientAuth", issuer: issuer)
        try builder.add(NID_subject_key_identifier, "hash", issuer: issuer)
        try builder.add(NID_authority_key_identifier, "keyid", issuer: issuer)
        try builder.add(names: request.alternativeNames)
        let certificate = try builder.signed(by: authorityKey, issuer: issuer)
        return TLSIdentity(certificateChain: try certificate.pem(), privateKey: try key.pem())
    }
}

extension LeafCertificateRequest {
    fileprivate var alternativeNames: [AlternativeName] {
        (spiffeID.map { [.uri($0.description)] } ?? []) + furtherURIs.map { .uri($0) }
            + dnsNames.map { .dns($0) }
            + ipAddresses.map { .ip($0) }
    }
}
