public import HTTP2
public import RPC

/// The limits that a server or client goes by.
public struct RPCProfile: Sendable {
    /// What metrics and the debug page call it.
    public var name = "custom"
    public var http2: HTTP2Profile
    /// Connections at once; with as many a server's listeners pause.
    public var maximumConnections: Int
    /// Connections of one address at once, further ones are closed; nil means any number.
    public var maximumConnectionsPerAddress: Int?
    /// TLS handshakes at once; with as many a server's listeners pause.
    public var maximumHandshakes = 256
    /// A connection whose TLS handshake takes longer is closed.
    public var handshakeTimeout = Duration.seconds(5)
    /// What connections may hold.
    public var memory = ProcessMemory.shared
    /// A client with calls in flight sends a PING after this long without a received byte, and gives
    /// the connection up when as long again brings none; nil means never.
    public var keepaliveInterval: Duration?
    /// A client closes a connection that had no call for this long; the next call opens another.
    public var idleTimeout: Duration
    /// How long a server keeps a connection; nil means as long as the client likes.
    public var life: ConnectionLifePolicy?
    /// How a server protects itself from more calls than it can serve; nil takes all.
    public var overload: OverloadPolicy?

    public init(
        http2: HTTP2Profile, maximumConnections: Int = 10_000, keepaliveInterval: Duration? = nil,
        idleTimeout: Duration = .seconds(900), life: ConnectionLifePolicy? = .mesh,
        overload: OverloadPolicy? = .standard
    ) {
        self.http2 = http2
        self.maximumConnections = maximumConnections
        self.keepaliveInterval = keepaliveInterval
        self.idleTimeout = idleTimeout
        self.life = life
        self.overload = overload
    }

    /// For clients outside.
    public static let edge: RPCProfile = {
        var profile = RPCProfile(http2: .edge, life: .edge).named("edge")
        profile.maximumConnectionsPerAddress = 50
        return profile
    }()
    /// Between our own services.
    public static let mesh = RPCProfile(http2: .mesh, keepaliveInterval: .seconds(2))
        .named("mesh")
    /// For what a gateway forwards to our own services: what waits for a slow caller is one window.
    public static let upstream: RPCProfile = {
        var profile = mesh.named("mesh")
        profile.http2.streamWindow = 64 << 10
        return profile
    }()
    /// For the calling side of strangers, who may forbid PINGs.
    public static let client = RPCProfile(http2: .client).named("client")

    private func named(_ name: String) -> RPCProfile {
        var profile = self
        profile.name = name
        return profile
    }
}
