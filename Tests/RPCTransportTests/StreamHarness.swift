import HTTP2
import NIOCore
import NIOEmbedded
import Testing

@testable import RPC
@testable import RPCTransport

/// A server connection without a socket and with a clock of its own, and an HTTP/2 session at the
/// other end that does exactly what a test says: real bytes, one thread, no waiting.
final class StreamHarness: HTTP2SessionDelegate {
    /// What came on a stream.
    struct Seen {
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        var trailers: [String: String] = [:]
        var headerBlocks = 0
        var isEnded = false
        var closedWith: HTTP2ErrorCode?

        /// The status, in trailers or in the only block of headers.
        var status: String? { trailers["grpc-status"] ?? headers["grpc-status"] }
        var messages: Int {
            var deframer = StreamDeframer(limit: 1 << 24)
            body.withUnsafeBytes { deframer.append($0) }
            var count = 0
            while (try? deframer.next()) != nil { count += 1 }
            return count
        }
    }

    let channel = EmbeddedChannel()
    let connection: ServerConnection
    private var session: HTTP2Session?
    var client: HTTP2Session { session.unsafelyUnwrapped }
    /// Whether what comes is consumed, so that the server's window opens.
    var consumes = true
    private(set) var seen: [Int32: Seen] = [:]
    private(set) var goAways = 0

    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }

    convenience init(_ service: StreamService, profile: HTTP2Profile = .mesh) throws {
        try self.init(handler: ServiceRouter([service]), profile: profile)
    }

    init(handler: any RequestHandler, profile: HTTP2Profile = .mesh) throws {
        connection = ServerConnection(
            handler: handler, profile: profile,
            loop: LoopContext.current(on: channel.embeddedEventLoop))
        session = HTTP2Session(role: .client, profile: .client, delegate: self)
        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(connection, isTLS: false))
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        try exchange()
    }

    /// Carries bytes to and fro, and runs what waits on the loop, until all are silent.
    func exchange() throws {
        while true {
            var isSilent = true
            var up: [UInt8] = []
            _ = try client.drain { up += $0 }
            if !up.isEmpty, channel.isActive {
                isSilent = false
                try channel.writeInbound(ByteBuffer(bytes: up))
            }
            loop.run()
            while let down = try channel.readOutbound(as: ByteBuffer.self) {
                isSilent = false
                try down.withUnsafeReadableBytes { try client.receive($0, now: 1) }
            }
            if isSilent { return }
        }
    }

    func advance(_ time: TimeAmount) throws {
        loop.advanceTime(by: time)
        try exchange()
    }

    // MARK: Calls

    /// Opens a stream for a method; its requests are appended.
    func open(_ method: MethodDescriptor, extra: [(String, String)] = []) throws -> HTTP2Stream {
        var headers = HeaderBlock()
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", method.path),
            (":authority", "test"), ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        for (name, value) in fields + extra { headers.append(name, value) }
        let stream = try #require(
            client.submitRequest(headers: headers.arena, body: [], isStreaming: true))
        seen[stream.id] = Seen()
        return stream
    }

    /// An `EchoMessage` of about `count` bytes, behind its prefix.
    static func message(_ count: Int) -> [UInt8] {
        var framed = EchoMessage(payload: Array(repeating: 5, count: count)).encoded(prefix: 5)
        MessagePrefix.write(into: &framed)
        return framed
    }

    /// The server's call of the only stream that is open.
    var call: ServerCall? {
        connection.session?.openStreamList.first.flatMap { connection.call(of: $0) }
    }

    // MARK: What the session tells

    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool) {
        seen[stream.id]?.headers = Dictionary(headers.fields.map { ($0, $1) }) { $1 }
        seen[stream.id]?.headerBlocks += 1
    }

    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream) {
        seen[stream.id]?.body += data
        if consumes { client.consume(data.count, on: stream) }
    }

    func sent(_ count: Int, on stream: HTTP2Stream) {}

    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream) {
        seen[stream.id]?.trailers = Dictionary(trailers.fields.map { ($0, $1) }) { $1 }
        seen[stream.id]?.headerBlocks += 1
    }

    func receivedEnd(of stream: HTTP2Stream) { seen[stream.id]?.isEnded = true }
    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) { seen[stream.id]?.closedWith = code }
    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String) { goAways += 1 }
    func receivedSettings() {}
    func receivedPingAcknowledgement(_ payload: UInt64) {}
}
