/// What a server connection drives: typed services behind a `ServiceRouter`, or a gateway's
/// forwarder, which decodes nothing.
///
/// Both methods are called on the connection's event loop and must not block. A connection calls
/// `admit` once per request, and `handle` once if the request was admitted: when its body has arrived,
/// or at once if the body is a stream of messages.
public protocol RequestHandler: Sendable {
    /// What the routes of its admissions stand for, in their order; empty if it has no such table.
    var methods: [MethodDescriptor] { get }

    /// Called when the headers are complete, before any of the body: refuses, or states the limits,
    /// or says that it cannot tell yet.
    func admit(_ head: RequestHead, from peer: Peer) -> Admission

    /// Called with the whole body, or with the ends of the streams that were admitted. What can be answered at once is; the rest is returned as work
    /// that the connection runs as a task on its event loop and cancels when the caller has gone.
    func handle(_ request: borrowing InboundRequest) -> RequestOutcome

    /// Called at once for a request that was admitted to be forwarded: its bytes go to what is returned
    /// here, and replies come through `caller`.
    func forward(_ request: borrowing InboundRequest, to caller: any RawCaller) -> any RawForward

    /// Renders an error that the connection itself found (a deadline, a limit) in the face of `head`.
    func reply(to head: RequestHead, for error: RPCError) -> RawReply

    /// As `reply(to:for:)`, for a handler that writes down who called.
    func reply(to head: RequestHead, for error: RPCError, from peer: Peer) -> RawReply
}

extension RequestHandler {
    public var methods: [MethodDescriptor] { [] }

    public func forward(
        _ request: borrowing InboundRequest, to caller: any RawCaller
    ) -> any RawForward {
        preconditionFailure("a handler that admits requests to be forwarded forwards them")
    }

    public func reply(to head: RequestHead, for error: RPCError) -> RawReply {
        RawReply(error, contentType: head.contentType)
    }

    public func reply(to head: RequestHead, for error: RPCError, from peer: Peer) -> RawReply {
        reply(to: head, for: error)
    }
}

/// The answer to a header block.
public enum Admission: Sendable {
    case accept(Acceptance)
    /// The error says why, for the log of this process.
    case refuse(RawReply, RPCError? = nil)
    /// Told later: what the handler waits for has not come yet.
    case wait(PendingAdmission)
}

/// The terms on which a request's body is read.
public struct Acceptance: Sendable {
    /// The most bytes that the message may have, without its prefix.
    public var maximumBytes: Int
    /// Whether the body is one message behind a five-byte prefix, whose length is checked on
    /// arrival of the prefix.
    public var isFramed: Bool
    /// When the call ends with DEADLINE_EXCEEDED.
    public var deadline: Deadline
    /// Which sides of the call are streams of messages. A stream of requests is not collected.
    public var kind: MethodKind
    /// How the messages of the request may be packed. They come as they are, packed or not.
    public var encoding: MessageEncoding
    /// How a stream of replies is packed.
    public var replyEncoding: MessageEncoding
    /// Whether it is served however many handlers run.
    public var isUnlimited: Bool
    /// Whether its bytes go on as they come, by `forward` in place of `handle`.
    public var isForwarded = false
    /// Its reply stands: the body is only heard out, for clients that lose a reply which overtakes their
    /// request. It is sent when `handle` is called, at the latest when the body passes `maximumBytes`.
    public var isHeardOut = false
    /// Given back with the request: an index of the handler's own.
    public var route: Int
    /// Given back with the request: what the handler found out already.
    public var state: (any AnyObject & Sendable)?

    public init(
        maximumBytes: Int, isFramed: Bool, deadline: Deadline, kind: MethodKind = .unary,
        encoding: MessageEncoding = .identity, replyEncoding: MessageEncoding = .identity,
        isUnlimited: Bool = false, route: Int = 0, state: (any AnyObject & Sendable)? = nil
    ) {
        self.maximumBytes = maximumBytes
        self.isFramed = isFramed
        self.deadline = deadline
        self.kind = kind
        self.encoding = encoding
        self.replyEncoding = replyEncoding
        self.isUnlimited = isUnlimited
        self.route = route
        self.state = state
    }
}

/// An admitted request with its body. Lives for the duration of `handle` only.
public struct InboundRequest: ~Copyable {
    public let head: RequestHead
    public let acceptance: Acceptance
    public let peer: Peer
    /// The ends of what was admitted as streams; nil for a unary call.
    public let stream: ServerStream?
    /// What calls made on behalf of this one continue; nil if it is not recorded in a trace.
    public let span: CallSpan?
    /// The connection's clock.
    let clock: @Sendable () -> Instant
    private let body: UnsafeRawBufferPointer

    /// `body` must stay valid as long as the value lives; the connection sees to it.
    public init(
        head: RequestHead, acceptance: Acceptance, peer: Peer, body: UnsafeRawBufferPointer,
        stream: ServerStream? = nil, span: CallSpan? = nil,
        clock: @escaping @Sendable () -> Instant = { Instant(nanoseconds: 0) }
    ) {
        self.span = span
        self.clock = clock
        self.head = head
        self.acceptance = acceptance
        self.peer = peer
        self.body = body
        self.stream = stream
    }

    public var deadline: Deadline { acceptance.deadline }

    /// Lends the body as it came: with its prefix if it is framed. The pointer must not escape.
    public borrowing func withBody<Result, Failure: Error>(
        _ read: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try read(body)
    }

    /// A copy of the body.
    public borrowing func copyBody() -> [UInt8] { Array(body) }
}

/// The server's ends of a call's streams.
public final class ServerStream: Sendable {
    /// Nil if the request is one message.
    public let requests: MessageInbox?
    /// Nil if the reply is one message.
    public let replies: MessageOutbox?

    package init(requests: MessageInbox?, replies: MessageOutbox?) {
        self.requests = requests
        self.replies = replies
    }
}

/// What is left to do for a request. Runs where it is called: it changes no thread by itself.
public typealias HandlerWork = nonisolated(nonsending) @Sendable () async -> Reply

/// How a request goes on.
public enum RequestOutcome: Sendable {
    /// Done: nothing had to wait.
    case reply(Reply)
    /// To be run as a task on the connection's event loop.
    case run(HandlerWork)
}

/// A whole reply, or what ends a stream of replies.
public enum Reply: Sendable {
    /// A message on the gRPC face with status OK, behind its prefix.
    case message(ContentType, framed: [UInt8])
    /// The end of a stream of replies, with status OK or an error.
    case end(ContentType, RPCError?)
    /// Anything else.
    case raw(RawReply)
    /// An error's reply, and the error with its cause, which stays in this process. Indirect, so that
    /// replies that are no errors are not the larger for it.
    indirect case failed(RawReply, RPCError)
}

/// A reply as HTTP has it, for errors, for the JSON face and for forwarding.
public struct RawReply: Sendable, Hashable {
    public var status: Int
    /// Regular fields; the connection writes `:status` itself.
    public var headers: Metadata
    public var body: [UInt8]
    /// Nil ends the reply with the body, or with the headers if there is none.
    public var trailers: Metadata?

    public init(status: Int, headers: Metadata, body: [UInt8] = [], trailers: Metadata? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }
}

/// A request as HTTP has it, for a client that forwards without decoding.
public struct RawRequest: Sendable {
    public var method: HTTPMethod
    /// The request target: "/package.Service/Method", with a query for a GET.
    public var target: String
    /// Regular fields: content type, metadata. The client adds the deadline (`grpc-timeout` or
    /// `connect-timeout-ms`), `te` and the pseudo-headers itself.
    public var headers: Metadata
    /// With its prefix on the gRPC face.
    public var body: [UInt8]
    /// The most bytes that the reply's body may have.
    public var maximumReplyBytes: Int
    /// Whether a call that may have run can be sent again.
    public var idempotency: Idempotency
    /// How it is then; nil goes by the runtime's own numbers.
    public var retry: RetryPolicy?
    /// With the policy `ringHash`, calls with equal keys go to the same endpoint.
    public var routingKey: String?
    /// Which sides of the call are streams of messages.
    public var kind = MethodKind.unary
    /// The target without its query: "/package.Service/Method".
    public var path: Substring { target.prefix { $0 != "?" } }
    /// The call that this one is made for, if it is recorded in a trace.
    public var span: CallSpan?
    /// It is made for another call, which has decided whether a trace begins.
    public var isChild: Bool

    public init(
        method: HTTPMethod = .post, target: String, headers: Metadata, body: [UInt8],
        maximumReplyBytes: Int = 4 << 20, idempotency: Idempotency = .none,
        retry: RetryPolicy? = nil, routingKey: String? = nil, span: CallSpan? = nil,
        isChild: Bool = false
    ) {
        self.span = span
        self.isChild = isChild
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.maximumReplyBytes = maximumReplyBytes
        self.idempotency = idempotency
        self.retry = retry
        self.routingKey = routingKey
    }
}

/// Where a gateway sends what it forwards.
public protocol RawUpstream: Sendable {
    /// Opens a call whose bytes pass as they come, and tells `receiver` of what comes back; it may do so
    /// before it returns. Called on an event loop, where everything of the call happens.
    ///
    /// - Parameters:
    ///   - request: its body is what is there of it.
    ///   - isWhole: nothing of the request follows.
    ///   - deadline: what the service learns; who opens the call ends it then.
    func open(
        _ request: consuming RawRequest, isWhole: Bool, deadline: Deadline,
        to receiver: any RawReceiver
    ) -> any RawUpstreamCall

    /// Sends a request and waits for the whole reply; its status, fields and trailers pass
    /// unchanged. Throws an `RPCError` if there was no reply: UNAVAILABLE, DEADLINE_EXCEEDED,
    /// RESOURCE_EXHAUSTED, CANCELLED.
    func forward(_ request: RawRequest, deadline: Deadline) async throws -> RawReply
}
