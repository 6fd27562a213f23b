public import TLS

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
