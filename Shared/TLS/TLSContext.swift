internal import COpenSSL

/// Everything one side of a connection decides before it opens: certificates, trust, versions, peers it accepts.
///
/// A context never changes. To use a new certificate, build a new context and start new handshakes
/// with it; connections that are open keep the one they began with.
public final class TLSContext: @unchecked Sendable {
    // @unchecked: the SSL_CTX is configured before `init` returns and never after; OpenSSL counts
    // its references atomically and locks the little it changes itself [CRYPTO_THREAD_run_once(3),
    // "thread safe as long as the object is not modified"]. All other properties are immutable values.

    enum Role { case server, client }

    let role: Role
    let pointer: OpaquePointer
    let expectation: PeerExpectation
    /// The host name or address the client dialled.
    let serverName: String?
    private let protocols: ProtocolList
    /// Set before `init` returns, and never after.
    private var tickets: TicketKeys?

    /// Longest chain of issuers between a peer's certificate and a trusted one.
    private static let maximumIssuers: Int32 = 4
    private static let cipherSuites12 = "ECDHE+AESGCM:ECDHE+CHACHA20"

    /// A context for accepting connections.
    ///
    /// - Parameters:
    ///   - trust: authorities of client certificates; needed unless `clientCertificate` is `.none`.
    ///   - accepting: which clients are welcome when they show a certificate.
    ///   - alpn: the protocols served, preferred first. A client that offers none of them is refused.
    public static func server(
        identity: TLSIdentity, trust: TLSTrust? = nil,
        clientCertificate: ClientCertificatePolicy = .none,
        accepting expectation: PeerExpectation = .anyTrusted,
        versions: TLSVersions = .mesh, alpn: [String] = [ApplicationProtocol.http2]
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(
            role: .server, versions: versions, alpn: alpn, expectation: expectation,
            serverName: nil)
        try context.use(identity)
        if clientCertificate != .none {
            guard let trust else {
                throw TLSError(
                    .configuration,
                    "client certificates are asked for, but no trust bundle is given")
            }
            try context.believe(trust)
        }
        context.verifyPeers(clientCertificate)
        context.selectProtocols()
        return context
    }

    /// A context for opening connections.
    ///
    /// - Parameters:
    ///   - identity: shown if the server asks for a certificate.
    ///   - serverName: sent as SNI if it is a name; checked against the certificate if `expecting` is `.serverName`.
    public static func client(
        trust: TLSTrust, identity: TLSIdentity? = nil, serverName: String? = nil,
        expecting expectation: PeerExpectation = .serverName,
        versions: TLSVersions = .mesh, alpn: [String] = [ApplicationProtocol.http2]
    ) throws(TLSError) -> TLSContext {
        if expectation == .serverName, serverName == nil {
            throw TLSError(.configuration, "the server's name is to be checked, but none is given")
        }
        let context = try TLSContext(
            role: .client, versions: versions, alpn: alpn, expectation: expectation,
            serverName: serverName)
        if let identity { try context.use(identity) }
        try context.believe(trust)
        context.verifyPeers(.required)
        return context
    }

    private init(
        role: Role, versions: TLSVersions, alpn: [String], expectation: PeerExpectation,
        serverName: String?
    ) throws(TLSError) {
        let protocols = try ProtocolList(alpn)
        OpenSSLErrorQueue.clear()
        guard let pointer = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method())
        else {
            throw .openSSL(.configuration, "cannot create a context")
        }
        self.role = role
        self.pointer = pointer
        self.expectation = expectation
        self.serverName = serverName
        self.protocols = protocols
        try restrict(to: versions)
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    private func restrict(to versions: TLSVersions) throws(TLSError) {
        let minimum = versions == .mesh ? TLS1_3_VERSION : TLS1_2_VERSION
        SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(minimum), nil)
        SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
        SSL_CTX_set_options(pointer, assay_ssl_options)
        SSL_CTX_ctrl(pointer, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        try resume(in: versions)
        SSL_CTX_ctrl(
            pointer, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS | UInt32(SSL_MODE_AUTO_RETRY)), nil
        )
        // One read takes several records from the input, instead of a header and a body at a time.
        SSL_CTX_ctrl(pointer, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        guard SSL_CTX_set_cipher_list(pointer, Self.cipherSuites12) == 1 else {
            throw .openSSL(.configuration, "no cipher suite is left")
        }
        if role == .client, !protocols.wire.isEmpty {
            // Unlike its siblings, this function returns 0 for success.
            guard
                SSL_CTX_set_alpn_protos(pointer, protocols.wire, UInt32(protocols.wire.count)) == 0
            else { throw .openSSL(.configuration, "cannot offer ALPN protocols") }
        }
    }

    /// In the mesh nothing is resumed: connections are few and live long, and there is no ticket key to
    /// steal. At the edge tickets spare clients a signature.
    private func resume(in versions: TLSVersions) throws(TLSError) {
        guard role == .server, versions == .edge else {
            SSL_CTX_set_options(pointer, assay_ssl_no_ticket)
            SSL_CTX_set_num_tickets(pointer, 0)
            return
        }
        let keys = TicketKeys()
        tickets = keys
        // The context outlives each SSL made from it (TLSEngine holds it), so the keys do too.
        SSL_CTX_set_ex_data(
            pointer, TicketProtection.contextIndex, Unmanaged.passUnretained(keys).toOpaque())
        SSL_CTX_set_timeout(pointer, Int(TicketKeys.life))
        let name = Array("assay".utf8)
        guard SSL_CTX_set_tlsext_ticket_key_evp_cb(pointer, TicketProtection.callback) == 1,
            SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count)) == 1
        else { throw .openSSL(.configuration, "cannot prepare session tickets") }
    }

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        let chain = try X509Certificate.chain(
            pem: identity.certificateChain, named: "the certificate chain")
        guard SSL_CTX_use_certificate(pointer, chain[0].pointer) == 1 else {
            throw .openSSL(.configuration, "the certificate cannot be used")
        }
        for issuer in chain.dropFirst() {
            let issuer = issuer.pointer
            guard
                SSL_CTX_ctrl(pointer, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(issuer)) == 1
            else { throw .openSSL(.configuration, "an issuer certificate cannot be used") }
        }
        let key = try PrivateKey(pem: identity.privateKey)
        guard SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1,
            SSL_CTX_check_private_key(pointer) == 1
        else { throw .openSSL(.configuration, "the key does not fit the certificate") }
    }

    private func believe(_ trust: TLSTrust) throws(TLSError) {
        let authorities = try X509Certificate.chain(
            pem: trust.certificates, named: "the trust bundle")
        guard let store = X509_STORE_new() else {
            throw .openSSL(.configuration, "cannot create a trust store")
        }
        // From here on the context owns the store.
        SSL_CTX_set_cert_store(pointer, store)
        for authority in authorities {
            guard X509_STORE_add_cert(store, authority.pointer) == 1 else {
                throw .openSSL(.configuration, "an authority certificate cannot be used")
            }
            // The names a server sends along when it asks for a client certificate.
            if role == .server { SSL_CTX_add_client_CA(pointer, authority.pointer) }
        }
    }

    private func verifyPeers(_ policy: ClientCertificatePolicy) {
        let mode =
            switch policy {
            case .none: SSL_VERIFY_NONE
            case .optional: SSL_VERIFY_PEER
            case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            }
        SSL_CTX_set_verify(pointer, mode, policy == .none ? nil : CertificateVerification.callback)
        SSL_CTX_set_verify_depth(pointer, Self.maximumIssuers)
    }

    private func selectProtocols() {
        guard !protocols.wire.isEmpty else { return }
        // The context outlives each SSL made from it (TLSEngine holds it), so the list does too.
        let list = Unmanaged.passUnretained(protocols).toOpaque()
        SSL_CTX_set_alpn_select_cb(pointer, ServerProtocolSelection.select, list)
        SSL_CTX_set_client_hello_cb(pointer, ServerProtocolSelection.requireOffer, nil)
    }
}
