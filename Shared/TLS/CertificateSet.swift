internal import COpenSSL

/// What a process shows and believes, as it was found in its files in one moment, and found sound: the
/// key fits the chain, and the chain leads to an authority of the bundle.
public struct CertificateSet: Sendable {
    public let identity: TLSIdentity
    /// Nil where no peer is asked for a certificate.
    public let trust: TLSTrust?
    /// What the leaf says.
    public let subject: PeerIdentity
    /// When the leaf began to be valid, in seconds since 1970 (UTC).
    public let validFrom: Int64

    /// - Parameter now: seconds since 1970 (UTC), for which the certificates must be valid.
    public init(
        identity: TLSIdentity, trust: TLSTrust?, now: Int64
    ) throws(TLSError) {
        let chain = try X509Certificate.chain(
            pem: identity.certificateChain, named: "the certificate chain")
        let key = try PrivateKey(pem: identity.privateKey)
        OpenSSLErrorQueue.clear()
        guard X509_check_private_key(chain[0].pointer, key.pointer) == 1 else {
            throw .openSSL(.configuration, "the key does not fit the certificate")
        }
        try Self.checkDates(of: chain[0], now)
        if let trust {
            let authorities = try X509Certificate.chain(
                pem: trust.certificates, named: "the trust bundle")
            try Self.verify(chain, authorities, now)
        } else {
            try Self.checkLinks(of: chain)
        }
        self.identity = identity
        self.trust = trust
        subject = chain[0].identity()
        validFrom = chain[0].validFrom()
    }

    /// When a renewal is due: a fifth of the leaf's life is left. In seconds since 1970 (UTC).
    public var warnsAt: Int64 {
        let life = max(0, subject.expiresAt - validFrom)
        return subject.expiresAt - life / 5
    }

    /// Seconds of validity that are left; negative when it is over.
    public func secondsLeft(at now: Int64) -> Int64 { subject.expiresAt - now }

    private static func checkDates(of leaf: X509Certificate, _ now: Int64) throws(TLSError) {
        if now < leaf.validFrom() {
            throw TLSError(.configuration, "the certificate is not valid yet", verifyDepth: 0)
        }
        if now >= leaf.expiresAt() {
            throw TLSError(.configuration, "the certificate has expired", verifyDepth: 0)
        }
    }

    /// Without a bundle of our own: each certificate has signed the one before.
    private static func checkLinks(of chain: [X509Certificate]) throws(TLSError) {
        for (depth, (subject, issuer)) in zip(chain, chain.dropFirst()).enumerated() {
            guard X509_check_issued(issuer.pointer, subject.pointer) == X509_V_OK,
                X509_verify(subject.pointer, X509_get0_pubkey(issuer.pointer)) == 1
            else {
                throw .openSSL(
                    .configuration, "the next certificate of the chain did not sign this one",
                    verifyDepth: depth)
            }
        }
    }

    /// As a peer with the same bundle would.
    private static func verify(
        _ chain: [X509Certificate], _ authorities: [X509Certificate], _ now: Int64
    ) throws(TLSError) {
        guard let store = X509_STORE_new(), let stack = OPENSSL_sk_new_null(),
            let context = X509_STORE_CTX_new()
        else { throw .openSSL(.configuration, "out of memory") }
        defer {
            X509_STORE_CTX_free(context)
            OPENSSL_sk_free(stack)
            X509_STORE_free(store)
        }
        for authority in authorities { X509_STORE_add_cert(store, authority.pointer) }
        // The stack borrows the certificates of `chain`, which outlives it.
        for issuer in chain.dropFirst() {
            OPENSSL_sk_push(stack, UnsafeMutableRawPointer(issuer.pointer))
        }
        guard X509_STORE_CTX_init(context, store, chain[0].pointer, stack) == 1 else {
            throw .openSSL(.configuration, "the chain cannot be verified")
        }
        X509_STORE_CTX_set_time(context, 0, time_t(now))
        let isVerified = withExtendedLifetime(chain) { X509_verify_cert(context) == 1 }
        if isVerified { return }
        let reason = String(
            cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context))))
        OpenSSLErrorQueue.clear()
        throw TLSError(
            .configuration, "the certificate chain does not lead to the trust bundle: \(reason)",
            verifyDepth: Int(X509_STORE_CTX_get_error_depth(context)))
    }
}
