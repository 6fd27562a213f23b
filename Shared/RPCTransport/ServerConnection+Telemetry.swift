internal import RPC

/// What a connection tells of its calls, if anybody wants to know: one line at each place where
/// something happens to a call.
extension ServerConnection {
    /// The handler begins. The clock was read when the last one ended, or the last request was read.
    func noteHandlerBegin(of call: ServerCall) {
        telemetry?.handlerBegan(
            &call.tally, receivedAt: call.head.receivedAt, at: loop.clock)
    }

    func noteHandlerEnd(of call: ServerCall) {
        telemetry?.handlerEnded(
            &call.tally, receivedAt: call.head.receivedAt, at: loop.readClock())
    }

    /// A reply stands: the call has ended.
    func note(_ reply: Reply, of call: ServerCall) {
        if case .message(_, let framed) = reply, let telemetry {
            // The handler that has just ended has read the clock.
            let isNoted = telemetry.endedWell(
                &call.tally, receivedAt: call.head.receivedAt, bytesOut: framed.count,
                at: loop.clock)
            if isNoted { return }
        }
        let end: ServerTelemetry.End
        switch reply {
        case .message(_, let framed):
            call.tally.bytesOut = framed.count
            end = .init(.ok)
        case .raw(let raw):
            call.tally.bytesOut = raw.body.count
            end = .init(StatusCode(of: raw))
        case .failed(_, let error): end = .init(error.code, error)
        case .end(_, let error):
            takeOutput(of: call)
            end = .init(error?.code ?? .ok, error)
        }
        noteEnd(of: call, end)
    }

    func noteEnd(of call: ServerCall, _ end: ServerTelemetry.End) {
        guard let telemetry else { return }
        // A handler that has just ended has read the clock; all other ends are seldom.
        let now = call.runner == nil && end.code == .ok ? loop.clock : loop.readClock()
        telemetry.ended(
            &call.tally, call.head, end, peer: peer, deadline: call.acceptance.deadline, at: now)
    }

    func noteRefusal(of head: RequestHead, _ reply: RawReply, _ error: RPCError?) {
        telemetry?.refused(
            head, .init(error?.code ?? StatusCode(of: reply), error), peer: peer,
            at: loop.readClock())
    }
}

extension RawReply {
    /// The status, and the error unless it is OK.
    var verdict: (StatusCode, RPCError?) {
        let code = StatusCode(of: self)
        return (code, code == .ok ? nil : RPCError(trailers: trailers ?? headers))
    }
}

extension StatusCode {
    /// What a reply of HTTP says, on either face.
    init(of reply: RawReply) {
        let ending = reply.trailers ?? reply.headers
        if let field = ending.firstField("grpc-status") {
            self = StatusCode(header: ending.arena[field.value]) ?? .unknown
        } else if reply.status == 200 {
            self = .ok
        } else {
            self = StatusCode(missingStatusWithHTTP: reply.status)
        }
    }
}
