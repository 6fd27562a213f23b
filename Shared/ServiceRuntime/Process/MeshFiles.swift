public import TLS

/// The three files by which a service takes part in the mesh.
public struct MeshFiles: Sendable, Hashable {
    /// This service's chain, its key, and the authorities it believes. PEM.
    public let certificate: String
    public let key: String
    public let trust: String

    public init(certificate: String, key: String, trust: String) {
        self.certificate = certificate
        self.key = key
        self.trust = trust
    }

    /// For the listener: mutual TLS 1.3, and only these workloads may call.
    public func serverContext(accepting workloads: [SPIFFEID]) throws(TLSError) -> TLSContext {
        try TLSContext.server(
            identity: TLSIdentity(certificateFile: certificate, keyFile: key),
            trust: TLSTrust(file: trust), clientCertificate: .required,
            accepting: .workloads(Set(workloads)))
    }

    /// For calls to another service: mutual TLS 1.3, and only these workloads are believed to be it.
    public func clientContext(expecting workloads: [SPIFFEID]) throws(TLSError) -> TLSContext {
        try TLSContext.client(
            trust: TLSTrust(file: trust),
            identity: TLSIdentity(certificateFile: certificate, keyFile: key),
            expecting: .workloads(Set(workloads)))
    }
}

extension SPIFFEID {
    /// Where a service's name lives when nothing else is configured.
    public static let defaultTrustDomain = "assay.example"

    /// `spiffe://assay.example/ns/default/sa/assay-risk` for `assay-risk`.
    ///
    /// The arguments must be valid parts of a SPIFFE ID.
    public static func service(
        _ account: String, namespace: String = "default",
        trustDomain: String = SPIFFEID.defaultTrustDomain
    ) -> SPIFFEID {
        guard let id = SPIFFEID("spiffe://\(trustDomain)/ns/\(namespace)/sa/\(account)") else {
            preconditionFailure("'\(account)' is no service account")
        }
        return id
    }
}
