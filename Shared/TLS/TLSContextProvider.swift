/// Where a listener or a client gets the context of its next handshake from: a fixed one, or the newest
/// one of a `CertificateStore`.
public protocol TLSContextProvider: Sendable {
    /// The context to begin a handshake with. Connections that are open keep theirs.
    var current: TLSContext { get }
}

extension TLSContext: TLSContextProvider {
    public var current: TLSContext { self }
}

/// A context that follows the files of a store.
public struct StoredTLSContext: TLSContextProvider {
    let store: CertificateStore
    let index: Int

    public var current: TLSContext { store.context(index) }
}

extension TLSContextProvider where Self == StoredTLSContext {
    /// For calls within the mesh: mutual TLS 1.3, and only these workloads are believed to be the
    /// server.
    public static func mesh(
        _ store: CertificateStore, expect workloads: SPIFFEID...
    ) throws(TLSError) -> StoredTLSContext {
        try store.clientContext(expecting: workloads)
    }
}

extension CertificateStore {
    /// For a listener of the mesh: mutual TLS 1.3, and only these workloads may call.
    public func serverContext(
        accepting workloads: [SPIFFEID]
    ) throws(TLSError) -> StoredTLSContext {
        try add { set throws(TLSError) in
            try TLSContext.server(
                identity: set.identity, trust: set.trust, clientCertificate: .required,
                accepting: .workloads(Set(workloads)))
        }
    }

    /// For calls within the mesh: mutual TLS 1.3, and only these workloads are believed to be the
    /// server.
    public func clientContext(
        expecting workloads: [SPIFFEID]
    ) throws(TLSError) -> StoredTLSContext {
        try add { set throws(TLSError) in
            guard let trust = set.trust else { throw .noBundle }
            return try TLSContext.client(
                trust: trust, identity: set.identity, expecting: .workloads(Set(workloads)))
        }
    }

    /// For calls to a server that is known by its host name or address.
    public func clientContext(serverName: String) throws(TLSError) -> StoredTLSContext {
        try add { set throws(TLSError) in
            guard let trust = set.trust else { throw .noBundle }
            return try TLSContext.client(
                trust: trust, identity: set.identity, serverName: serverName)
        }
    }

    /// For a listener of the edge: TLS 1.3 or 1.2. With a trust bundle clients may show a certificate
    /// that it verifies.
    ///
    /// - Parameters:
    ///   - alpn: the protocols served, preferred first.
    ///   - insists: whether clients without a certificate are refused in the handshake; needs a trust
    ///     bundle.
    public func edgeContext(
        accepting expectation: PeerExpectation = .anyTrusted,
        alpn: [String] = [ApplicationProtocol.http2], insists: Bool = false
    ) throws(TLSError) -> StoredTLSContext {
        guard insists else { return try openContext(.edge, accepting: expectation, alpn: alpn) }
        return try add { set throws(TLSError) in
            guard let trust = set.trust else { throw .noBundle }
            return try TLSContext.server(
                identity: set.identity, trust: trust, clientCertificate: .required,
                accepting: expectation, versions: .edge, alpn: alpn)
        }
    }

    /// For a listener that asks for no certificate, or with a trust bundle does not insist on one.
    public func openContext(
        _ versions: TLSVersions, accepting expectation: PeerExpectation = .anyTrusted,
        alpn: [String] = [ApplicationProtocol.http2]
    ) throws(TLSError) -> StoredTLSContext {
        try add { set throws(TLSError) in
            try TLSContext.server(
                identity: set.identity, trust: set.trust,
                clientCertificate: set.trust == nil ? .none : .optional, accepting: expectation,
                versions: versions, alpn: alpn)
        }
    }
}

extension TLSError {
    fileprivate static let noBundle = TLSError(
        .configuration, "a trust bundle is needed, and none is configured")
}
