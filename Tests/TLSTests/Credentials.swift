import TLS

/// Certificates for tests, made once.
enum Credentials {
    static let authority = make { () throws(TLSError) in try DevelopmentCertificateAuthority() }
    static let stranger = make { () throws(TLSError) in
        try DevelopmentCertificateAuthority(name: "A foreign authority")
    }
    static let risk = leaf("assay-risk")
    static let models = leaf("assay-models")

    static func spiffeID(_ name: String) -> SPIFFEID {
        guard let id = SPIFFEID("spiffe://assay.example/ns/default/sa/\(name)") else {
            preconditionFailure("\(name) is no path segment")
        }
        return id
    }

    static func request(_ name: String) -> LeafCertificateRequest {
        LeafCertificateRequest(
            commonName: name, spiffeID: spiffeID(name), dnsNames: ["localhost", name],
            ipAddresses: ["127.0.0.1", "::1"])
    }

    static func leaf(_ name: String) -> TLSIdentity {
        make { () throws(TLSError) in try authority.issue(request(name)) }
    }

    /// A fixture that cannot be made ends the run with the reason.
    private static func make<Value>(_ body: () throws(TLSError) -> Value) -> Value {
        do throws(TLSError) { return try body() } catch { preconditionFailure("\(error)") }
    }

    static func meshServer(
        accepting names: [String] = ["assay-risk"], identity: TLSIdentity = models
    ) throws -> TLSContext {
        try TLSContext.server(
            identity: identity, trust: authority.trust, clientCertificate: .required,
            accepting: .workloads(Set(names.map(spiffeID))))
    }

    static func meshClient(
        expecting names: [String] = ["assay-models"], identity: TLSIdentity? = risk
    ) throws -> TLSContext {
        try TLSContext.client(
            trust: authority.trust, identity: identity, serverName: "assay-models",
            expecting: .workloads(Set(names.map(spiffeID))))
    }
}
