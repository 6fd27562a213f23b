internal import RPC

/// Hands calls to whoever serves on a transport, without bytes of HTTP/2 in between.
final class DirectClient: ClientTransport {
    private let transport: InProcessTransport
    private let interceptors: (any ClientInterceptor)?
    private let claimedIdentity: String?

    static let peer = Peer(address: InProcessTransport.address)
    static let expired = failure(.deadlineExceeded, "the deadline has passed", reason: "EXPIRED")
    static let cancelled = failure(.cancelled, "the call was cancelled")
    private static let unserved = failure(.unavailable, "nobody serves in this process")

    private static func failure(
        _ code: StatusCode, _ message: String, reason: String? = nil
    ) -> RPCError {
        RPCError(code, "\(InProcessTransport.address): \(message)", reason: reason)
    }

    init(
        _ transport: InProcessTransport, interceptors: (any ClientInterceptor)?,
        claimedIdentity: String?
    ) {
        self.transport = transport
        self.interceptors = interceptors
        self.claimedIdentity = claimedIdentity
    }

    // MARK: Calls

    func unary(
        _ method: MethodDescriptor, framed: [UInt8], options: CallOptions
    ) async throws(RPCError) -> ReplyMessage {
        var body = framed
        MessagePrefix.write(into: &body)
        let (request, message) = (try request(method, options), body)
        let reply = try await around(request) { request throws(RPCError) in
            let call = try await self.open(request)
            let outcome = await call.run { message.withUnsafeBytes { call.handle($0) } }
            return try request.received(outcome)
        }
        return try UnaryReply.message(of: reply, limit: method.maximumResponseBytes)
    }

    func stream(
        _ method: MethodDescriptor, options: CallOptions
    ) throws(RPCError) -> ClientStream {
        let request = try request(method, options)
        let requests = MessageOutbox()
        let replies = MessageInbox(limit: method.maximumResponseBytes, contentType: .grpcAssay)
        let task = Task {
            do throws(RPCError) {
                try await self.around(request) { request throws(RPCError) in
                    try await self.carry(request, requests, replies)
                }
                replies.finish()
                requests.fail(
                    RPCError(
                        .cancelled, "the server has ended the call",
                        reason: MessageOutbox.peerEnded))
            } catch {
                replies.fail(error)
                requests.fail(error)
            }
        }
        return ClientStream(requests: requests, replies: replies) { task.cancel() }
    }

    /// The life of a stream, from its first message to its end.
    private func carry(
        _ request: DirectRequest, _ requests: MessageOutbox, _ replies: MessageInbox
    ) async throws(RPCError) {
        let call = try await open(request)
        let up = DirectPipe(
            requests,
            MessageInbox(limit: call.acceptance.maximumBytes, contentType: .grpcAssay))
        let down = DirectPipe(MessageOutbox(), replies) { headers in
            request.received?.set(headers: headers)
        }
        let kind = request.method.kind
        let outcome = await call.run { () throws(RPCError) in
            let ends = ServerStream(
                requests: kind.streamsRequests ? up.inbox : nil,
                replies: kind.streamsReplies ? down.outbox : nil)
            let body = kind.streamsRequests ? [] : try await up.inbox.whole()
            return body.withUnsafeBytes { call.handle($0, ends) }
        }
        // The handler may still be there: it reads and writes nothing any more.
        var end = RPCError(.cancelled, "the call has ended")
        if case .failure(let error) = outcome { end = error }
        up.inbox.abandon(end)
        down.outbox.fail(end)
        for pipe in [up, down] { pipe.detach() }
        if case .success(.end(_, let error)) = outcome {
            return try request.ended(down.outbox.metadata.trailers, error)
        }
        let reply = try request.received(outcome)
        _ = reply.body.withUnsafeBytes { replies.receive($0) }
    }

    // MARK: The way in

    private func request(
        _ method: MethodDescriptor, _ options: CallOptions
    ) throws(RPCError) -> DirectRequest {
        var metadata = try options.metadata.checkedForSending()
        if let claimedIdentity { metadata.append(AssayHeader.claimedIdentity, claimedIdentity) }
        return DirectRequest(method, metadata, options, at: LoopContext.now)
    }

    /// Has the server accept a call; throws why it does not.
    private func open(_ request: DirectRequest) async throws(RPCError) -> DirectCall {
        if Task.isCancelled { throw Self.cancelled }
        guard let server = transport.server else { throw Self.unserved }
        let now = LoopContext.now
        if request.deadline.hasPassed(at: now) { throw Self.expired }
        let head = request.head(at: now, server.profile.http2)
        var admission = server.handler.admit(head, from: Self.peer)
        while case .wait(let pending) = admission { admission = await pending.decision() }
        switch admission {
        case .wait: throw Self.cancelled
        case .refuse(let refusal, _):
            _ = try request.received(.success(.raw(refusal)))
            throw RPCError(StatusCode(missingStatusWithHTTP: refusal.status), "refused")
        case .accept(let acceptance):
            guard acceptance.kind == request.method.kind else {
                throw RPCError(
                    .unimplemented, "\(request.method.path) is \(acceptance.kind) at the server")
            }
            let call = DirectCall(head, acceptance, at: server)
            guard server.directCalls.begin(call) else { throw Self.unserved }
            return call
        }
    }

    /// Runs the interceptors around a call.
    private func around<Reply: Sendable>(
        _ request: DirectRequest,
        _ send: @escaping @Sendable (DirectRequest) async throws(RPCError) -> Reply
    ) async throws(RPCError) -> Reply {
        guard let interceptors else { return try await send(request) }
        let attempt = OutgoingAttempt<Reply>(
            path: request.method.path, kind: request.method.kind,
            metadata: request.metadata, attempt: 0, deadline: request.deadline)
        do {
            return try await interceptors.intercept(attempt) { attempt in
                var request = request
                request.metadata = try attempt.metadata.checkedForSending()
                return try await send(request)
            }
        } catch let error as RPCError {
            throw error
        } catch is CancellationError {
            throw Self.cancelled
        } catch {
            throw RPCError(code: .unknown, message: "an interceptor failed", cause: error)
        }
    }
}
