internal import Synchronization
public import Wire

/// One call between its decoding and its reply: turns a handler's result into a `Reply`.
///
/// A class, because it is handed on more often than it would cost to allocate.
@usableFromInline
final class Exchange: Sendable {
    /// Without a reference to this object.
    private let base: ServerContext
    /// Where the replies of a stream go, with their metadata.
    private let outbox: MessageOutbox?
    /// What the handler has added to a reply of one message.
    private let metadata = Mutex(ReplyMetadata())
    private let hasMetadata = Atomic(false)
    @usableFromInline let contentType: ContentType
    let replyEncoding: MessageEncoding
    let observer: (any CallObserver)?

    init(
        context: ServerContext, contentType: ContentType,
        replyEncoding: MessageEncoding = .identity, observer: (any CallObserver)?,
        outbox: MessageOutbox? = nil
    ) {
        base = context
        self.outbox = outbox
        self.contentType = contentType
        self.replyEncoding = replyEncoding
        self.observer = observer
    }

    @usableFromInline var method: MethodDescriptor { base.method }

    /// What the handler gets.
    @usableFromInline var context: ServerContext {
        var context = base
        context.exchange = self
        return context
    }

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

    /// The reply with what the handler has added to it.
    private func complete(_ reply: RawReply) -> Reply {
        if !hasMetadata.load(ordering: .acquiring) { return .raw(reply) }
        return .raw(
            reply.adding(metadata.withLock { $0 }, isGRPC: contentType.isGRPC))
    }

    @inlinable
    func success<Response: WireMessage>(_ response: Response) -> Reply {
        if contentType == .json { return success(json: response.json()) }
        return success(framed: response.encoded(prefix: MessagePrefix.count))
    }

    @usableFromInline
    func success(framed: [UInt8]) -> Reply {
        let length = framed.count - MessagePrefix.count
        if length > method.maximumResponseBytes {
            return failure(
                RPCError(
                    .resourceExhausted,
                    "a reply of \(length) bytes; at most \(method.maximumResponseBytes) "
                        + "are allowed", reason: "MESSAGE_TOO_LARGE"))
        }
        if observer != nil { report(.ok, nil, nil) }
        if replyEncoding != .identity { return compressed(framed) }
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
        if observer != nil { report(.ok, nil, nil) }
        return complete(
            RawReply(status: 200, headers: ["content-type": "application/json"], body: json))
    }

    /// An error in the caller's face. What is not an `RPCError` becomes UNKNOWN "internal error";
    /// its text goes to the observer only.
    @usableFromInline
    func failure(_ error: any Error) -> Reply {
        let known: RPCError
        switch error {
        case let error as RPCError: known = error
        case is CancellationError:
            known = RPCError(code: .cancelled, message: "the call was cancelled", cause: error)
        default: known = RPCError(code: .unknown, message: "internal error", cause: error)
        }
        report(known.code, known.reason, error)
        if method.kind.streamsReplies { return .end(contentType, known) }
        return complete(RawReply(known, contentType: contentType))
    }

    /// A stream of replies has ended in order.
    @usableFromInline
    func end() -> Reply {
        if observer != nil { report(.ok, nil, nil) }
        return .end(contentType, nil)
    }

    private func report(_ code: StatusCode, _ reason: String?, _ error: (any Error)?) {
        observer?.callEnded(
            CallRecord(
                method: method, code: code, reason: reason, error: error, peer: base.peer,
                receivedAt: base.receivedAt, requestID: base.requestID))
    }
}
