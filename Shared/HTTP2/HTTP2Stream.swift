/// One stream of a session. Sessions reuse these objects: nobody may keep one beyond
/// `streamClosed`.
public final class HTTP2Stream {
    public internal(set) var id: Int32 = 0
    /// The owner's state of this stream.
    public var context: AnyObject?

    /// Its place in the session's pool.
    let position: Int
    private(set) var isOpen = false
    /// The peer has ended its side.
    public internal(set) var remoteEnded = false
    /// A request has come (server).
    var hasRequest = false
    /// Our last frame has gone.
    var localEnded = false
    var resetsAfterReply = false
    /// Headers that were not 1xx have come (client), or gone (server).
    var hasFinalHeaders = false
    /// Reset by us on purpose, or its reset was charged to the peer already.
    var isCharged = false
    /// Bytes that were read while no window opened.
    var heldCredit = 0

    // What is still to be sent: a body, and trailers behind it.
    var body: [UInt8] = []
    var bodySent = 0
    var trailers = OutboundTrailers.none
    /// The body comes in pieces, and its owner is told of what was sent.
    var isStreaming = false
    /// The last piece has not come.
    var expectsMore = false

    // Whether the peer takes what we have for it; see `HTTP2Session.stalledStreams`.
    /// Bytes of the body that were sent and are not in `body` any more.
    var dropped = 0
    var progress: Int { dropped + bodySent }
    var seenProgress: Int?
    var sweepsWithoutProgress = 0

    /// A body from this size on grows by a quarter at a time: doubled, the bodies of many streams would
    /// take far more memory than they fill.
    private static let largeBody = 64 << 10

    /// Adds a piece to the body.
    func append(_ bytes: [UInt8]) {
        if body.isEmpty {
            body = bytes
            return
        }
        let isFull = body.count + bytes.count > body.capacity
        if bodySent > unsent || isFull && bodySent > unsent / 4 { dropSent() }
        let count = body.count + bytes.count
        if count > body.capacity, count > Self.largeBody { body.reserveCapacity(count + count / 4) }
        body.append(contentsOf: bytes)
    }

    /// Drops what was sent of the body.
    func dropSent() {
        if unsent == 0 { body = [] } else { body.removeSubrange(..<bodySent) }
        dropped += bodySent
        bodySent = 0
    }

    /// All that we have to say has gone.
    public var isLocallyEnded: Bool { localEnded || !expectsMore && unsent == 0 }

    /// Bytes of the body that have not been sent.
    public var unsent: Int { body.count - bodySent }

    /// Something of the response has gone, so a reset tells nothing of the peer.
    var hasStartedResponse: Bool {
        progress > 0 || localEnded || isStreaming && hasFinalHeaders
    }

    var hasTrailers: Bool {
        if case .none = trailers { false } else { true }
    }

    init(position: Int) { self.position = position }

    func prepare() {
        isOpen = true
        id = 0
        remoteEnded = false
        hasRequest = false
        localEnded = false
        resetsAfterReply = false
        hasFinalHeaders = false
        isCharged = false
        heldCredit = 0
        bodySent = 0
        trailers = .none
        isStreaming = false
        expectsMore = false
        dropped = 0
        seenProgress = nil
        sweepsWithoutProgress = 0
    }

    func release() {
        isOpen = false
        context = nil
        body = []
        trailers = .none
    }
}

/// What follows a body.
enum OutboundTrailers {
    /// The body ends the stream.
    case none
    /// `grpc-status: 0`.
    case success
    /// These fields, in `HeaderBlock`'s format.
    case fields(arena: [UInt8], count: Int)
}

/// Told what comes in, while the session reads: may submit, must not read or drain the session.
public protocol HTTP2SessionDelegate: AnyObject {
    /// A request (server) or the final response headers (client).
    func received(_ headers: HeaderBlock, on stream: HTTP2Stream, isLast: Bool)
    /// Headers of a response with a status of 1xx (client); the final ones follow.
    func receivedInformational(on stream: HTTP2Stream)
    /// A piece of a body; the pointer is valid until the session has read its input to the end.
    func received(_ data: UnsafeRawBufferPointer, on stream: HTTP2Stream)
    /// Bytes of a body that comes in pieces were sent. Called while the session is drained.
    func sent(_ count: Int, on stream: HTTP2Stream)
    /// The fields behind a body.
    func receivedTrailers(_ trailers: HeaderBlock, on stream: HTTP2Stream)
    /// The peer has ended its side of the stream. Not called if the stream broke before.
    func receivedEnd(of stream: HTTP2Stream)
    /// The stream is over, one way or the other; the last call for it.
    func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode)
    /// The peer accepts no streams above `lastStreamID`.
    func receivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debug: String)
    /// The peer's SETTINGS have come: it speaks HTTP/2.
    func receivedSettings()
    /// The peer sent a PING, which the session answers itself. `isAnswer` says that HEADERS or DATA
    /// went to the peer since the last one.
    func receivedPing(isAnswer: Bool)
    /// A PING of ours came back.
    func receivedPingAcknowledgement(_ payload: UInt64)
    /// The peer did what costs it points or its connection; `ends` if a GOAWAY follows. The names are
    /// those of `MisbehaviourScore.Event`, and of limits.
    func misbehaved(_ event: String, ends: Bool)
    /// A GOAWAY of ours, or of the library, has gone. Called while the session is drained.
    func sentGoAway(code: HTTP2ErrorCode)
}

extension HTTP2SessionDelegate {
    public func receivedInformational(on stream: HTTP2Stream) {}
    public func misbehaved(_ event: String, ends: Bool) {}
    public func sentGoAway(code: HTTP2ErrorCode) {}
}

extension HTTP2SessionDelegate {
    public func receivedPing(isAnswer: Bool) {}
}
