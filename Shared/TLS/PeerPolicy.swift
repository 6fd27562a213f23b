/// Whether a server asks its clients for certificates.
public enum ClientCertificatePolicy: Sendable, Hashable {
    case none
    /// Asked for; one that is shown must verify.
    case optional
    case required
}

/// Which verified peers are welcome.
public enum PeerExpectation: Sendable, Hashable {
    /// Any certificate that chains to the trust bundle, and names one workload or none.
    case anyTrusted
    /// A certificate with exactly one URI SAN, and that is one of these workloads.
    case workloads(Set<SPIFFEID>)
    /// One of these workloads, or a foreign client with one of these DNS names.
    case clients(workloads: Set<SPIFFEID>, dnsNames: Set<String>)
    /// A server certificate for the host name or IP address that was dialled [RFC 6125].
    case serverName
}

extension PeerExpectation {
    /// Why a verified peer is not welcome; nil if it is.
    func refusal(of peer: PeerIdentity) -> String? {
        switch self {
        case .anyTrusted, .serverName: return nil
        case .workloads(let allowed):
            guard let workload = peer.spiffeID else {
                return "the certificate does not name exactly one workload"
            }
            return allowed.contains(workload) ? nil : "\(workload) is not on the allow-list"
        case .clients(let workloads, let dnsNames):
            if let workload = peer.spiffeID, workloads.contains(workload) { return nil }
            if peer.spiffeID == nil, peer.dnsNames.contains(where: dnsNames.contains) { return nil }
            return "\(peer) is not on the allow-list"
        }
    }
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
