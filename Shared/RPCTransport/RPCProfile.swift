public import HTTP2

/// The limits that a server or client goes by.
public struct RPCProfile: Sendable {
    /// What metrics and the debug page call it.
    public var name = "custom"
    public var http2: HTTP2Profile
    /// Connections at once; further ones are closed.
    public var maximumConnections: Int
    /// A client with calls in flight sends a PING after this long without a received byte, and gives
    /// the connection up when as long again brings none; nil means never.
    public var keepaliveInterval: Duration?
    /// A client closes a connection that had no call for this long; the next call opens another.
    public var idleTimeout: Duration

    public init(
        http2: HTTP2Profile, maximumConnections: Int = 10_000, keepaliveInterval: Duration? = nil,
        idleTimeout: Duration = .seconds(900)
    ) {
        self.http2 = http2
        self.maximumConnections = maximumConnections
        self.keepaliveInterval = keepaliveInterval
        self.idleTimeout = idleTimeout
    }

    /// For clients outside.
    public static let edge = RPCProfile(http2: .edge).named("edge")
    /// Between our own services.
    public static let mesh = RPCProfile(http2: .mesh, keepaliveInterval: .seconds(2))
        .named("mesh")
    /// For the calling side of strangers, who may forbid PINGs.
    public static let client = RPCProfile(http2: .client).named("client")

    private func named(_ name: String) -> RPCProfile {
        var profile = self
        profile.name = name
        return profile
    }
}
