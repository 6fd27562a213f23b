public import HTTP2

/// The limits that a server or client goes by.
public struct RPCProfile: Sendable {
    public var http2: HTTP2Profile
    /// Connections at once; further ones are closed.
    public var maximumConnections: Int

    public init(http2: HTTP2Profile, maximumConnections: Int = 10_000) {
        self.http2 = http2
        self.maximumConnections = maximumConnections
    }

    /// For clients outside.
    public static let edge = RPCProfile(http2: .edge)
    /// Between our own services.
    public static let mesh = RPCProfile(http2: .mesh)
    /// For the calling side.
    public static let client = RPCProfile(http2: .client)
}
