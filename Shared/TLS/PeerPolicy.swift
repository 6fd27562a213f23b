/// Whether a server asks its clients for certificates.
public enum ClientCertificatePolicy: Sendable, Hashable {
    case none
    /// Asked for; one that is shown must verify.
    case optional
    case required
}

/// Which verified peers are welcome.
public enum PeerExpectation: Sendable, Hashable {
    /// Any certificate that chains to the trust bundle.
    case anyTrusted
    /// A certificate with exactly one URI SAN, and that is one of these workloads.
    case workloads(Set<SPIFFEID>)
    /// A server certificate for the host name or IP address that was dialled [RFC 6125].
    case serverName
}

/// Protocol versions one side offers.
public enum TLSVersions: Sendable, Hashable {
    /// TLS 1.3 alone: between our own processes.
    case mesh
    /// TLS 1.2 (ECDHE with AES-GCM or ChaCha20) and 1.3: towards foreign peers.
    case edge
}

/// Application protocol names of RFC 7301.
public enum ApplicationProtocol {
    public static let http2 = "h2"
    public static let http11 = "http/1.1"
}
