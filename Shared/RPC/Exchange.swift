public import Wire

/// One call between its decoding and its reply: turns a handler's result into a `Reply`.
///
/// A class, because it is handed on more often than it would cost to allocate.
@usableFromInline
final class Exchange: Sendable {
    @usableFromInline let context: ServerContext
    @usableFromInline let contentType: ContentType
    let replyEncoding: MessageEncoding
    let observer: (any CallObserver)?

    init(
        context: ServerContext, contentType: ContentType,
        replyEncoding: MessageEncoding = .identity, observer: (any CallObserver)?
    ) {
        self.context = context
        self.contentType = contentType
        self.replyEncoding = replyEncoding
        self.observer = observer
    }

    @inlinable
    func success<Response: WireMessage>(_ response: Response) -> Reply {
        if contentType == .json { return success(json: response.json()) }
        return success(framed: response.encoded(prefix: MessagePrefix.count))
    }

    @usableFromInline
    func success(framed: [UInt8]) -> Reply {
        let length = framed.count - MessagePrefix.count
        if length > context.method.maximumResponseBytes {
            return failure(
                RPCError(
                    .resourceExhausted,
                    "a reply of \(length) bytes; at most \(context.method.maximumResponseBytes) "
                        + "are allowed", reason: "MESSAGE_TOO_LARGE"))
        }
        if observer != nil { report(.ok, nil, nil) }
        if replyEncoding != .identity { return compressed(framed) }
        return .message(contentType, framed: framed)
    }

    private func compressed(_ framed: [UInt8]) -> Reply {
        guard let packed = Gzip.deflate(framed: framed) else {
            return .message(contentType, framed: framed)
        }
        return .raw(
            RawReply(
                status: 200,
                headers: [
                    "content-type": "\(contentType.name)", "grpc-encoding": "\(replyEncoding.name)",
                ], body: packed, trailers: ["grpc-status": "0"]))
    }

    @usableFromInline
    func success(json: [UInt8]) -> Reply {
        if observer != nil { report(.ok, nil, nil) }
        return .raw(
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
        if context.method.kind.streamsReplies { return .end(contentType, known) }
        return .raw(RawReply(known, contentType: contentType))
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
                method: context.method, code: code, reason: reason, error: error,
                peer: context.peer, receivedAt: context.receivedAt, requestID: context.requestID))
    }
}
