public import Wire

/// The typed calls that generated clients of streaming methods use. The closure's scope is the
/// stream's life: leaving it, or cancelling its task, cancels the call.
extension ClientTransport {
    /// Sends one message; `body` reads the replies.
    @inlinable
    public nonisolated(nonsending) func serverStreaming<
        Request: WireMessage, Response: WireMessage, Result
    >(
        _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions(),
        _ body: nonisolated(nonsending) (ReplyStream<Response>) async throws -> Result
    ) async throws -> Result {
        let stream = try stream(method, options: options)
        return try await stream.live {
            let requests = RequestWriter<Request>(stream.requests, method)
            try await requests.send { try await $0.write(request) }
            return try await body(ReplyStream(.replies, stream.replies, method))
        }
    }

    /// `body` writes the requests; returns the reply that comes behind the last one.
    @inlinable
    public nonisolated(nonsending) func clientStreaming<
        Request: WireMessage, Response: WireMessage
    >(
        _ method: MethodDescriptor, options: CallOptions = CallOptions(),
        _ body: nonisolated(nonsending) (RequestWriter<Request>) async throws -> Void
    ) async throws -> Response {
        let stream = try stream(method, options: options)
        return try await stream.live {
            try await RequestWriter<Request>(stream.requests, method).send(body)
            return try await ReplyStream<Response>(.replies, stream.replies, method).only()
        }
    }

    /// `body` writes requests and reads replies, in any order.
    @inlinable
    public nonisolated(nonsending) func bidirectional<
        Request: WireMessage, Response: WireMessage, Result
    >(
        _ method: MethodDescriptor, options: CallOptions = CallOptions(),
        _ body:
            nonisolated(nonsending) (RequestWriter<Request>, ReplyStream<Response>)
            async throws -> Result
    ) async throws -> Result {
        let stream = try stream(method, options: options)
        return try await stream.live {
            try await body(
                RequestWriter(stream.requests, method),
                ReplyStream(.replies, stream.replies, method))
        }
    }
}

extension RequestWriter {
    /// Writes all requests. That the server has ended the call in order before the last one is no
    /// failure: then its reply counts.
    @usableFromInline
    nonisolated(nonsending) func send(
        _ body: nonisolated(nonsending) (RequestWriter) async throws -> Void
    ) async throws {
        do {
            try await body(self)
            finish()
        } catch let error as RPCError where error.reason == MessageOutbox.peerEnded {}
    }
}

extension MessageStream {
    /// The message of a stream that has exactly one.
    @usableFromInline
    nonisolated(nonsending) func only() async throws(RPCError) -> Message {
        var messages = makeAsyncIterator()
        guard let message = try await messages.next(isolation: #isolation) else {
            throw RPCError(.unimplemented, "\(method.path): exactly one reply is due; none came")
        }
        if try await messages.next(isolation: #isolation) != nil {
            throw RPCError(.unimplemented, "\(method.path): exactly one reply is due; more came")
        }
        return message
    }
}
