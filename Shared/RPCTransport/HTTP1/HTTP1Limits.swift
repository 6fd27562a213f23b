/// What a connection of HTTP/1.1 may cost.
public struct HTTP1Limits: Sendable, Hashable {
    /// Of the fields of one request, with 431 for more.
    public var headerBytes = 16 << 10
    public var headerFields = 100
    /// Of a request's target, with 414 for more.
    public var targetBytes = 16 << 10
    /// From the first byte of a request to the end of its fields, with 408 for longer.
    public var headerTimeout = Duration.seconds(5)
    /// Without a request for so long the connection is closed.
    public var idleTimeout = Duration.seconds(60)
    /// Bytes of a request that the server has not taken yet; with more the socket is not read.
    public var unsentBytes = 256 << 10
    /// A reply up to this size has a `content-length`; a longer one comes in chunks.
    public var wholeReplyBytes = 64 << 10

    public init() {}

    /// For clients outside.
    public static let edge = HTTP1Limits()
}
