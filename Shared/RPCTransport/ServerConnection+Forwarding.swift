internal import HTTP2
internal import RPC

/// Calls whose bytes go on to somebody else as they come.
extension ServerConnection {
    /// Has the handler forward a call, from its headers on.
    func openForward(of call: ServerCall) {
        if call.acceptance.deadline.hasPassed(at: now) {
            return refuse(call, RPCError(.deadlineExceeded, "the deadline has passed"))
        }
        call.phase = .forwarding
        running += 1
        telemetry?.handlerBegan(
            &call.tally, receivedAt: call.head.receivedAt, at: call.head.receivedAt)
        let request = InboundRequest(
            head: call.head, acceptance: call.acceptance, peer: peer,
            body: UnsafeRawBufferPointer(start: nil, count: 0), span: call.tally.span,
            clock: loop.clockReader)
        call.forward = handler.forward(request, to: call)
        // It may have been answered at once.
        if call.isAnswered { releaseForward(of: call) }
    }

    func forward(_ data: UnsafeRawBufferPointer, of call: ServerCall) {
        call.tally.bytesIn += data.count
        call.unread += data.count
        session?.keep()
        call.forward?.received(data)
    }

    /// Forwarding ends, however that came: its place is free, and what was not taken of the request
    /// will not be.
    private func releaseForward(of call: ServerCall) {
        guard call.forward.take() != nil else { return }
        running -= 1
        dropUnread(of: call)
    }

    func dropUnread(of call: ServerCall) {
        if call.unread == 0 { return }
        session?.drop(call.unread)
        call.unread = 0
    }

    /// The caller has gone.
    func leaveForward(of call: ServerCall) {
        call.forward?.left()
        releaseForward(of: call)
    }

    /// Ends a forwarded call because of what this connection found.
    func cutOffForward(_ call: ServerCall, _ error: RPCError) {
        guard let forward = call.forward, !call.isAnswered, let stream = call.stream else {
            return discard(call)
        }
        call.isCutOff = true
        let ending = forward.ended(by: error)
        if !call.hasResponse {
            send(ending, on: stream)
        } else if let trailers = ending.trailers {
            session?.finish(stream, trailers: (trailers.arena, trailers.count))
        } else {
            session?.reset(stream, code: error.code == .deadlineExceeded ? .cancel : .internalError)
        }
        answered(call, error.code, error)
    }

    /// The reply of a forwarded call stands.
    fileprivate func answered(_ call: ServerCall, _ code: StatusCode, _ error: RPCError? = nil) {
        call.isAnswered = true
        stopTimer(of: call)
        if let telemetry {
            let now = loop.readClock()
            telemetry.handlerEnded(&call.tally, receivedAt: call.head.receivedAt, at: now)
            if code != .ok
                || !telemetry.endedWell(
                    &call.tally, receivedAt: call.head.receivedAt, bytesOut: call.tally.bytesOut,
                    at: now)
            {
                noteEnd(of: call, .init(code, error))
            }
        }
        releaseForward(of: call)
        if call.stream?.remoteEnded == false || call.isCutOff { discard(call) }
        setNeedsFlush()
    }

    fileprivate func startReply(of call: ServerCall, _ status: Int, _ headers: Metadata) {
        guard !call.isAnswered, !call.hasResponse, let session, let stream = call.stream else {
            return
        }
        call.hasResponse = true
        session.startResponse(status: status, headers: headers.arena, on: stream)
        setNeedsFlush()
    }

    fileprivate func sendPiece(_ bytes: UnsafeRawBufferPointer, of call: ServerCall) {
        guard !call.isAnswered, call.hasResponse, let stream = call.stream else { return }
        call.tally.bytesOut += bytes.count
        session?.append(Array(bytes), to: stream)
        setNeedsFlush()
    }

    fileprivate func endReply(
        of call: ServerCall, _ trailers: Metadata?, _ code: StatusCode
    ) {
        guard !call.isAnswered, call.hasResponse, let session, let stream = call.stream else {
            return
        }
        if let trailers {
            session.finish(stream, trailers: (trailers.arena, trailers.count))
        } else {
            session.finish(stream)
        }
        answered(call, code)
    }

    fileprivate func sendWhole(_ reply: RawReply, of call: ServerCall, _ code: StatusCode) {
        guard !call.isAnswered, !call.hasResponse, let stream = call.stream else { return }
        call.tally.bytesOut += reply.body.count
        send(reply, on: stream)
        answered(call, code)
    }

    fileprivate func abortReply(of call: ServerCall) {
        guard !call.isAnswered, let stream = call.stream else { return }
        session?.reset(stream, code: .internalError)
        answered(call, .unavailable)
    }

    fileprivate func consumed(_ count: Int, of call: ServerCall) {
        guard let session, let stream = call.stream else { return }
        let count = min(count, call.unread)
        if count <= 0 { return }
        call.unread -= count
        holdCredit()
        session.consume(count, on: stream)
        setNeedsFlush()
    }
}

extension ServerCall: RawCaller {
    func start(status: Int, headers: Metadata) {
        connection.startReply(of: self, status, headers)
    }
    func send(_ bytes: UnsafeRawBufferPointer) { connection.sendPiece(bytes, of: self) }
    func end(trailers: Metadata?, _ code: StatusCode) {
        connection.endReply(of: self, trailers, code)
    }
    func send(_ reply: RawReply, _ code: StatusCode) {
        connection.sendWhole(reply, of: self, code)
    }
    func blame(for error: RPCError) { connection.noteFraming(error) }
    func abort() { connection.abortReply(of: self) }
    func consumed(_ count: Int) { connection.consumed(count, of: self) }
}
