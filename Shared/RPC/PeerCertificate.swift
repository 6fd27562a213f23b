/// What the verified certificate of a connection's other end says.
///
/// One object per connection: every request of it refers to the same.
public final class PeerCertificate: Sendable {
    /// The workload's name, if the certificate has exactly one URI name and that is a SPIFFE ID.
    public let spiffeID: String?
    /// In the certificate's order.
    public let dnsNames: [String]
    /// SHA-256 of the certificate's DER form, 32 bytes: what bound credentials compare [RFC 8705].
    public let thumbprint: [UInt8]
    /// When it ends, in seconds since 1970.
    public let expiresAt: Int64

    public init(
        spiffeID: String? = nil, dnsNames: [String] = [], thumbprint: [UInt8], expiresAt: Int64
    ) {
        self.spiffeID = spiffeID
        self.dnsNames = dnsNames
        self.thumbprint = thumbprint
        self.expiresAt = expiresAt
    }
}

extension PeerCertificate: Hashable {
    public static func == (left: PeerCertificate, right: PeerCertificate) -> Bool {
        left === right || left.thumbprint == right.thumbprint
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(thumbprint) }
}
