internal import HTTP2
internal import RPC

/// Calls whose handler cannot tell yet whether it admits them.
extension ServerConnection {
    func putOff(_ head: RequestHead, until pending: PendingAdmission, on stream: HTTP2Stream) {
        let unread = Acceptance(maximumBytes: 0, isFramed: false, deadline: pending.deadline)
        let call = ServerCall(head: head, acceptance: unread, stream: stream, connection: self)
        call.phase = .admitting
        stream.context = call
        telemetry?.began(&call.tally, route: pending.route, head)
        untimed.append(call)
        wait(for: pending, call)
    }

    private func wait(for pending: PendingAdmission, _ call: ServerCall) {
        let (confined, eventLoop) = (LoopConfined(call), loop.eventLoop)
        pending.whenDecided { admission in
            guard !eventLoop.inEventLoop else { return confined.value.decided(admission) }
            eventLoop.execute { confined.value.decided(admission) }
        }
    }

    /// Keeps what comes before the decision. Its room is not given back, so the peer sends no more
    /// than one window.
    func holdBack(_ data: UnsafeRawBufferPointer, of call: ServerCall) {
        collect(data, for: call)
        call.heldBack += data.count
        session?.keep()
    }

    /// What was held back is not wanted any more.
    func dropHeldBack(of call: ServerCall) {
        if call.heldBack == 0 { return }
        session?.drop(call.heldBack)
        call.heldBack = 0
    }

    fileprivate func decided(_ call: ServerCall, _ admission: Admission) {
        // The caller may have gone, or its deadline have passed.
        guard call.phase == .admitting, let session, let stream = call.stream else { return }
        beginWork()
        switch admission {
        case .accept(let acceptance): goOn(with: call, acceptance, in: session, on: stream)
        case .refuse(let reply, let error):
            noteEnd(of: call, .init(error?.code ?? StatusCode(of: reply), error))
            call.isAnswered = true
            stopTimer(of: call)
            send(reply, on: stream)
            discard(call)
        case .wait(let next): wait(for: next, call)
        }
        endWork()
    }

    /// The call is admitted: what was held back is read as if it came now.
    private func goOn(
        with call: ServerCall, _ acceptance: Acceptance, in session: HTTP2Session,
        on stream: HTTP2Stream
    ) {
        keepWholeBody()
        let (body, held) = (call.body, call.heldBack)
        dropBody(of: call)
        call.heldBack = 0
        call.phase = .receiving
        let isLater = acceptance.deadline != call.acceptance.deadline
        call.acceptance = acceptance
        if isLater, call.timer != nil {
            stopTimer(of: call)
            call.timer = loop.arm(call, at: acceptance.deadline.instant)
        }
        inviteBody(of: call)
        if acceptance.isForwarded {
            openForward(of: call)
        } else if acceptance.kind != .unary {
            openStream(of: call)
        }
        body.withUnsafeBytes { body in
            if call.phase == .forwarding {
                if !body.isEmpty { forward(body, of: call) }
            } else if call.phase == .streaming {
                if !body.isEmpty { streamed(body, of: call, on: stream) }
            } else {
                holdCredit()
                session.consume(held, on: stream)
                if !body.isEmpty { append(body, to: call) }
            }
            if stream.remoteEnded { bodyEnded(of: call) }
            keepWholeBody()
        }
    }
}

extension ServerCall {
    fileprivate func decided(_ admission: Admission) { connection.decided(self, admission) }
}
