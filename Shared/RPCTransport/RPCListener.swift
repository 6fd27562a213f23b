public import TLS

/// Where a server accepts connections.
public struct RPCListener: Sendable {
    public var host: String
    /// 0 lets the system choose.
    public var port: Int
    /// Nil means plaintext.
    public var tls: TLSContext?

    public init(host: String, port: Int, tls: TLSContext?) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// HTTP/2 with prior knowledge, unencrypted: for loopback, tests and measurements.
    public static func plaintext(host: String = "127.0.0.1", port: Int) -> RPCListener {
        RPCListener(host: host, port: port, tls: nil)
    }

    /// HTTP/2 over TLS.
    public static func tls(host: String = "0.0.0.0", port: Int, context: TLSContext) -> RPCListener
    {
        RPCListener(host: host, port: port, tls: context)
    }
}
