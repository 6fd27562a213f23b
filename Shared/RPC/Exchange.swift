internal import Synchronization
public import Wire

/// One call between its decoding and its reply: what its handler knows of it, and how the handler's
/// result becomes a `Reply`.
@usableFromInline
final class Exchange: Sendable {
    @usableFromInline let method: MethodDescriptor
    let deadline: Deadline
    /// All fields of the request, as they came.
    let headers: Metadata
    let peer: Peer
    let caller: Caller
    let receivedAt: Instant
    let span: CallSpan?
    @usableFromInline let contentType: ContentType
    let replyEncoding: MessageEncoding
    /// The connection's clock.
    let clock: @Sendable () -> Instant
    /// Where the replies of a stream go, with their metadata.
    private let outbox: MessageOutbox?
    /// What the handler has added to a reply of one message.
    private let metadata = Mutex(ReplyMetadata())
    private let hasMetadata = Atomic(false)
    private let isReplyPlain = Atomic(false)
    private let isRequestPacked = Atomic(false)

    init(
        method: MethodDescriptor, deadline: Deadline, headers: Metadata, peer: Peer,
        caller: Caller, receivedAt: Instant, span: CallSpan?, contentType: ContentType,
        replyEncoding: MessageEncoding = .identity, outbox: MessageOutbox? = nil,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.method = method
        self.deadline = deadline
        self.headers = headers
        self.peer = peer
        self.caller = caller
        self.receivedAt = receivedAt
        self.span = span
        self.contentType = contentType
        self.replyEncoding = replyEncoding
        self.outbox = outbox
        self.clock = clock
    }

    /// What the handler gets.
    @usableFromInline var context: ServerContext { ServerContext(self) }

    /// A field of the request's headers.
    func header(_ name: String) -> String? { headers[name] }

    func add(headers: Metadata) {
        if let outbox { return outbox.add(headers: headers) }
        metadata.withLock { $0.headers.append(contentsOf: headers) }
        hasMetadata.store(true, ordering: .releasing)
    }

    func add(trailers: Metadata) {
        if let outbox { return outbox.add(trailers: trailers) }
        metadata.withLock { $0.trailers.append(contentsOf: trailers) }
        hasMetadata.store(true, ordering: .releasing)
    }

    func leaveReplyPlain() { isReplyPlain.store(true, ordering: .relaxed) }

    /// Whether the message of the request came packed.
    var wasRequestPacked: Bool {
        get { isRequestPacked.load(ordering: .relaxed) }
        set { isRequestPacked.store(newValue, ordering: .relaxed) }
    }

    /// The reply with what the handler has added to it.
    private func adorned(_ reply: RawReply) -> RawReply {
        if !hasMetadata.load(ordering: .acquiring) { return reply }
        return reply.adding(metadata.withLock { $0 }, isGRPC: contentType.isGRPC)
    }

    private func complete(_ reply: RawReply) -> Reply { .raw(adorned(reply)) }

    @inlinable
    func success<Response: WireMessage>(_ response: Response) -> Reply {
        if contentType == .json { return success(json: response.json()) }
        var framed = response.encoded(prefix: MessagePrefix.count)
        MessagePrefix.write(into: &framed)
        return success(framed: framed)
    }

    /// - Parameter framed: the message behind its prefix.
    @usableFromInline
    func success(framed: consuming [UInt8]) -> Reply {
        let length = framed.count - MessagePrefix.count
        if length > method.maximumResponseBytes {
            return failure(
                RPCError(
                    .resourceExhausted,
                    "a reply of \(length) bytes; at most \(method.maximumResponseBytes) "
                        + "are allowed", reason: "MESSAGE_TOO_LARGE"))
        }
        if replyEncoding != .identity, !isReplyPlain.load(ordering: .relaxed) {
            return compressed(framed)
        }
        if hasMetadata.load(ordering: .acquiring) {
            return complete(RawReply(framed: framed, contentType: contentType))
        }
        return .message(contentType, framed: framed)
    }

    private func compressed(_ framed: [UInt8]) -> Reply {
        guard let packed = Gzip.deflate(framed: framed) else {
            return complete(RawReply(framed: framed, contentType: contentType))
        }
        return complete(
            RawReply(
                status: 200,
                headers: [
                    "content-type": "\(contentType.name)", "grpc-encoding": "\(replyEncoding.name)",
                ], body: packed, trailers: ["grpc-status": "0"]))
    }

    @usableFromInline
    func success(json: [UInt8]) -> Reply {
        complete(
            RawReply(status: 200, headers: ["content-type": "application/json"], body: json))
    }

    /// An error in the caller's face. What is not an `RPCError` becomes UNKNOWN "internal error";
    /// its text goes to the log only.
    @usableFromInline
    func failure(_ error: any Error) -> Reply {
        let known: RPCError
        switch error {
        case let error as RPCError: known = error
        case is CancellationError:
            known = RPCError(code: .cancelled, message: "the call was cancelled", cause: error)
        default: known = RPCError(code: .unknown, message: "internal error", cause: error)
        }
        if method.kind.streamsReplies { return .end(contentType, known) }
        let reply = RawReply(known, contentType: contentType)
        return .failed(adorned(reply), known)
    }

    /// A stream of replies has ended in order.
    @usableFromInline
    func end() -> Reply {
        .end(contentType, nil)
    }
}
