internal import RPC
internal import TLS

extension PeerCertificate {
    convenience init(_ identity: PeerIdentity) {
        self.init(
            spiffeID: identity.spiffeID?.description, dnsNames: identity.dnsNames,
            thumbprint: identity.fingerprint, expiresAt: identity.expiresAt)
    }
}
