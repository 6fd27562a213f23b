internal import HTTP2
internal import RPC

/// The calls of a connection, from their headers to their replies.
extension ServerConnection {
    func call(of stream: HTTP2Stream) -> ServerCall? {
        // Only this class sets the context.
        stream.context.map { unsafeDowncast($0, to: ServerCall.self) }
    }

    func begin(_ head: RequestHead, on stream: HTTP2Stream) {
        lastCall = now
        if running >= Int(profile.maximumConcurrentStreams) || memory.level >= .noStreams {
            session?.reset(stream, code: .refusedStream)
            return
        }
        // RFC 9113 §8.3.1 and gRPC's names: what no honest client sends is no request.
        if head.isSecureScheme != peer.isEncrypted || head.hasForbiddenName || head.hasOtherHost {
            session?.reset(stream, code: .protocolError)
            session?.charge(.invalidMessaging)
            return
        }
        switch handler.admit(head, from: peer) {
        case .accept(let acceptance):
            let call = ServerCall(
                head: head, acceptance: acceptance, stream: stream, connection: self)
            stream.context = call
            telemetry?.began(&call.tally, route: acceptance.route, head)
            untimed.append(call)
            inviteBody(of: call)
            if acceptance.isForwarded {
                openForward(of: call)
            } else if acceptance.kind != .unary {
                openStream(of: call)
            }
        case .wait(let pending): putOff(head, until: pending, on: stream)
        case .refuse(let reply, let error):
            noteRefusal(of: head, reply, error)
            send(reply, on: stream)
            if stream.remoteEnded { return }
            let nothing = Acceptance(maximumBytes: 0, isFramed: false, deadline: .none)
            let call = ServerCall(
                head: head, acceptance: nothing, stream: stream, connection: self)
            call.isAnswered = true
            stream.context = call
            discard(call)
        }
    }

    /// Who waits for it is told that the body is wanted (RFC 9110 §10.1.1).
    func inviteBody(of call: ServerCall) {
        guard call.head.expectsContinue, !call.acceptance.isHeardOut, let stream = call.stream,
            !stream.remoteEnded
        else { return }
        session?.submitInformational(status: 100, on: stream)
        setNeedsFlush()
    }

    /// The reply stands, and the rest of the request is not wanted. What is on its way is read and
    /// thrown away for a while, since a reset makes some clients forget the reply; then it is reset.
    func discard(_ call: ServerCall) {
        call.phase = .discarding
        dropUnread(of: call)
        dropBody(of: call)
        dropHeldBack(of: call)
        call.port?.releaseCredit(to: session)
        guard let stream = call.stream, !stream.remoteEnded || call.isCutOff else { return }
        call.timer = loop.arm(call, at: loop.now + .seconds(1))
    }

    func countDiscarded(_ count: Int, of call: ServerCall) {
        call.discardedBytes += count
        if call.discardedBytes > Self.maximumDiscarded { endDiscarding(call) }
    }

    func endDiscarding(_ call: ServerCall) {
        guard let stream = call.stream else { return }
        if call.isCutOff, stream.unsent > 0 {
            session?.reset(stream, code: .cancel)
        } else {
            session?.resetAfterReply(stream)
        }
        setNeedsFlush()
    }

    func dispatch(_ call: ServerCall, _ body: UnsafeRawBufferPointer) {
        // The body may come behind the deadline, and before the next tick of its timer.
        if call.acceptance.deadline.hasPassed(at: now) { return deadlinePassed(call) }
        if call.phase == .receiving { call.phase = .handling }
        let request = InboundRequest(
            head: call.head, acceptance: call.acceptance, peer: peer, body: body,
            stream: call.port?.ends, span: call.tally.span, clock: loop.clockReader)
        call.tally.bytesIn += body.count
        switch handler.handle(request) {
        case .reply(let reply): answer(call, reply)
        case .run(let work):
            // Runs on this loop once the read is over. It holds a slot of the connection until it
            // ends, whether or not the stream lives.
            running += 1
            call.work = work
            loop.runners.add(call)
        }
    }

    /// The caller had gone before the handler began: it does not begin.
    func skipped(_ call: ServerCall) {
        running -= 1
        gate?.ended(call)
    }

    /// The handler will not begin: there are too many.
    func shed(_ call: ServerCall, _ pushback: Duration) {
        call.work = nil
        running -= 1
        refuse(
            call,
            RPCError(
                code: .resourceExhausted, message: "the server has too many calls",
                reason: "OVERLOADED", retryAfter: pushback))
        setNeedsFlush()
    }

    /// Nobody waits for the call any more: its handler is cancelled, or does not begin.
    func leave(_ call: ServerCall) {
        if let runner = call.runner {
            runner.cancel()
            call.outlives = OutlivingHandler.watch(call)
        } else if gate?.leave(call) == true {
            call.work = nil
            running -= 1
        }
    }

    /// The handler has ended: its slot is free, whatever became of the stream.
    func finished(_ call: ServerCall, _ reply: consuming Reply) {
        running -= 1
        noteHandlerEnd(of: call)
        gate?.ended(call)
        call.outlives?.stop(on: loop)
        answer(call, reply)
        if call.phase == .streaming {
            if let fault = call.port?.inbox?.failure { noteFraming(fault) }
            discard(call)
        }
        setNeedsFlush()
    }

    private func answer(_ call: ServerCall, _ reply: consuming Reply) {
        guard !call.isAnswered, let stream = call.stream else { return }
        call.isAnswered = true
        stopTimer(of: call)
        if telemetry != nil { note(copy reply, of: call) }
        switch consume reply {
        case .message(let contentType, let framed):
            session?.submitMessage(framed, contentType: contentType.name, on: stream)
        case .raw(let raw), .failed(let raw, _): send(raw, on: stream)
        case .end(_, let error): endReplies(of: call, error, on: stream)
        }
    }

    func send(_ reply: RawReply, on stream: HTTP2Stream) {
        session?.submitResponse(
            status: reply.status, headers: reply.headers.arena, body: reply.body,
            trailers: reply.trailers.map { ($0.arena, $0.count) }, on: stream)
    }

    func refuse(_ call: ServerCall, _ error: RPCError) {
        noteFraming(error)
        if call.phase == .forwarding { return cutOffForward(call, error) }
        if call.acceptance.isHeardOut { return endHearing(call) }
        answer(call, failure(of: call, error))
        call.port?.abandon(error)
        discard(call)
    }

    /// The reply stood before the body came, and does not wait for more of it.
    private func endHearing(_ call: ServerCall) {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let request = InboundRequest(
            head: call.head, acceptance: call.acceptance, peer: peer, body: nothing,
            clock: loop.clockReader)
        if case .reply(let reply) = handler.handle(request) { answer(call, reply) }
        discard(call)
    }

    /// Ends a call whose handler runs: it is cancelled, and what it does now changes nothing.
    func cutOff(_ call: ServerCall, _ error: RPCError) {
        call.isCutOff = true
        refuse(call, error)
        leave(call)
    }

    func deadlinePassed(_ call: ServerCall) {
        let reason = call.isWaiting ? "EXPIRED_IN_QUEUE" : "EXPIRED"
        cutOff(call, RPCError(.deadlineExceeded, "the deadline has passed", reason: reason))
        setNeedsFlush()
    }
}
