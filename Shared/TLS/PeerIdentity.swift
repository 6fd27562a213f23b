/// Who is on the other side of a connection, as its verified certificate says.
public struct PeerIdentity: Sendable, Hashable {
    /// The workload's name: present if the certificate has exactly one URI SAN and that is a SPIFFE ID.
    public let spiffeID: SPIFFEID?
    /// DNS names of the subject alternative name extension, in the certificate's order.
    public let dnsNames: [String]
    /// SHA-256 of the DER certificate: 32 bytes, what certificate-bound credentials compare.
    public let fingerprint: [UInt8]
    /// When the certificate ends, in seconds since 1970 (UTC).
    public let expiresAt: Int64

    public init(
        spiffeID: SPIFFEID?, dnsNames: [String] = [], fingerprint: [UInt8] = [], expiresAt: Int64
    ) {
        self.spiffeID = spiffeID
        self.dnsNames = dnsNames
        self.fingerprint = fingerprint
        self.expiresAt = expiresAt
    }
}

extension PeerIdentity: CustomStringConvertible {
    /// The workload's SPIFFE ID, or "dns:" and the first DNS name of a foreign peer.
    public var name: String? {
        spiffeID?.description ?? dnsNames.first.map { "dns:\($0)" }
    }

    public var description: String { name ?? "unnamed certificate" }
}
