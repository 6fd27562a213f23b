internal import HTTP2
internal import RPC

/// Calls with a stream of messages in one direction or both.
extension ServerConnection {
    /// Makes the ends of a call's streams. A stream of requests is handled from the beginning on.
    func openStream(of call: ServerCall) {
        let (kind, acceptance) = (call.acceptance.kind, call.acceptance)
        let port = StreamPort(
            inbox: kind.streamsRequests
                ? MessageInbox(
                    limit: acceptance.maximumBytes, contentType: call.head.contentType,
                    encoding: acceptance.encoding, memory: memory)
                : nil,
            outbox: kind.streamsReplies
                ? MessageOutbox(encoding: acceptance.replyEncoding, memory: memory) : nil,
            eventLoop: loop.eventLoop)
        port.outbox?.charge(budget)
        port.belong(to: call)
        call.port = port
        if kind.streamsRequests {
            call.phase = .streaming
            dispatch(call, UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    func streamed(
        _ data: UnsafeRawBufferPointer, of call: ServerCall, on stream: HTTP2Stream
    ) {
        call.tally.bytesIn += data.count
        if let session { call.port?.received(data, in: session, on: stream) }
    }

    /// Hands over what handlers have written.
    func takeOutput(_ calls: [ServerCall]) {
        for call in calls where !call.isAnswered { takeOutput(of: call) }
    }

    func takeOutput(of call: ServerCall) {
        guard let session, let stream = call.stream, let outbox = call.port?.outbox else { return }
        let output = outbox.take()
        if output.bytes.isEmpty && !output.hasHeaders { return }
        startResponse(of: call, in: session, on: stream)
        if output.bytes.isEmpty { return }
        call.tally.bytesOut += output.bytes.count
        session.append(output.bytes, to: stream)
    }

    private func startResponse(
        of call: ServerCall, in session: HTTP2Session, on stream: HTTP2Stream
    ) {
        if call.hasResponse { return }
        call.hasResponse = true
        let encoding = call.acceptance.replyEncoding
        session.startResponse(
            contentType: call.head.contentType.name,
            encoding: encoding == .identity ? nil : encoding.name,
            headers: call.port?.outbox?.metadata.headers.arena ?? [], on: stream)
    }

    /// Ends a stream of replies: what was written goes first. An error before any message is one
    /// block of headers.
    func endReplies(of call: ServerCall, _ error: RPCError?, on stream: HTTP2Stream) {
        guard let session else { return }
        takeOutput(of: call)
        call.port?.outbox?.fail(
            error ?? RPCError(.internal, "a reply was written behind the call's end"))
        let metadata = call.port?.outbox?.metadata ?? ReplyMetadata()
        if let error, !call.hasResponse, metadata.headers.isEmpty {
            var reply = RawReply(error, contentType: call.head.contentType)
            reply.headers.append(contentsOf: metadata.trailers)
            return send(reply, on: stream)
        }
        startResponse(of: call, in: session, on: stream)
        if error == nil, metadata.trailers.isEmpty { return session.finish(stream, trailers: nil) }
        var trailers = error?.trailers ?? ["grpc-status": "0"]
        trailers.append(contentsOf: metadata.trailers)
        session.finish(stream, trailers: (trailers.arena, trailers.count))
    }

    /// The error of a call that this connection ends, in the form that its stream is in.
    func failure(of call: ServerCall, _ error: RPCError) -> Reply {
        if call.port?.outbox != nil { return .end(call.head.contentType, error) }
        return .failed(handler.reply(to: call.head, for: error, from: peer), error)
    }

    /// Ends the calls with streams, which would outlast any grace.
    package func endStreams() {
        guard let session else { return }
        let error = RPCError(.unavailable, "the server is shutting down")
        for stream in session.openStreamList {
            guard let call = call(of: stream) else { continue }
            if call.port != nil || call.forward != nil && call.acceptance.kind != .unary {
                cutOff(call, error)
            }
        }
        setNeedsFlush()
    }
}

extension ServerConnection: StallWatch.Connection {
    func stalled(_ stream: HTTP2Stream) {
        observer?.misbehaved("stalled_stream", action: .ended, peer: peer)
        session?.reset(stream, code: .cancel)
        setNeedsFlush()
    }

    func socketStalled() {
        observer?.misbehaved("stalled_socket", action: .closed, peer: peer)
        link?.abort()
    }
}

extension ServerCall: StreamOwner {
    var openStream: (session: HTTP2Session, stream: HTTP2Stream)? {
        guard let session = connection.session, let stream else { return nil }
        return (session, stream)
    }

    func outputIsReady() { connection.add(output: self) }
    func sessionNeedsFlush() { connection.setNeedsFlush() }
    func willConsume() { connection.holdCredit() }
}
