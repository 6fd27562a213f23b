public import TLS

/// Where a server accepts connections.
public struct RPCListener: Sendable {
    /// Where plaintext may be spoken.
    public enum Insecure: Sendable, Hashable {
        /// Between the processes of one machine.
        case loopback
        /// On any address: for networks that encrypt by themselves.
        case everywhere
    }

    public var host: String
    /// 0 lets the system choose.
    public var port: Int
    /// Asked for each connection's context; nil means plaintext.
    public var tls: (any TLSContextProvider)?
    public var insecure = Insecure.loopback
    /// What HTTP/1.1 may cost; nil speaks HTTP/2 alone. With TLS its context has to offer `http/1.1` too.
    public var http1: HTTP1Limits?
    /// Told how TLS handshakes end.
    public var handshakes: (any TLSHandshakeObserver)?
    /// What is served instead of an address; nil for a socket.
    private(set) var transport: InProcessTransport?

    public init(host: String, port: Int, tls: (any TLSContextProvider)?) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// HTTP/2 with prior knowledge, unencrypted: for loopback, tests and measurements. On any other
    /// address the server does not start, unless `insecure` says `everywhere`.
    public static func plaintext(
        host: String = "127.0.0.1", port: Int, insecure: Insecure = .loopback
    ) -> RPCListener {
        var listener = RPCListener(host: host, port: port, tls: nil)
        listener.insecure = insecure
        return listener
    }

    /// HTTP/2 over TLS.
    ///
    /// - Parameter context: a fixed one, or one that follows a `CertificateStore`.
    public static func tls(
        host: String = "0.0.0.0", port: Int, context: any TLSContextProvider,
        handshakes: (any TLSHandshakeObserver)? = nil
    ) -> RPCListener {
        var listener = RPCListener(host: host, port: port, tls: context)
        listener.handshakes = handshakes
        return listener
    }

    /// Mutual TLS within the mesh: only these workloads may call.
    public static func tls(
        host: String = "0.0.0.0", port: Int, certificates: CertificateStore, allow: [SPIFFEID]
    ) throws -> RPCListener {
        .tls(host: host, port: port, context: try certificates.serverContext(accepting: allow))
    }

    /// Within the process, without an address: for tests.
    public static func inProcess(_ transport: InProcessTransport) -> RPCListener {
        var listener = RPCListener(host: InProcessTransport.address, port: 0, tls: nil)
        listener.transport = transport
        return listener
    }

    /// Throws if it would speak plaintext where that is not allowed.
    func check() throws(TLSError) {
        let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        if tls != nil || transport != nil || isLoopback || insecure == .everywhere { return }
        throw TLSError(
            .configuration,
            "plaintext on \(host): only loopback may be insecure, unless that is asked for everywhere"
        )
    }
}
