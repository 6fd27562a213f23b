internal import HTTP2
internal import NIOCore
internal import NIOHTTP1

/// A request of HTTP/1.1 under way, and its reply.
struct HTTP1Exchange {
    let version: HTTPVersion
    var keepsAlive: Bool
    /// Nobody wants the body of the reply.
    let isHead: Bool
    /// Nil once it is over.
    var stream: HTTP2Stream?
    var isRequestComplete = false
    /// Nil until it has come.
    var head: HTTPResponseHead?
    var isHeadWritten = false
    var body = ByteBuffer()
}
