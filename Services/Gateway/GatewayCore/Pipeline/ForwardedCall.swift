internal import RPC

/// Couples the call of a client with a call to a service: bytes, headers and trailers pass in both
/// directions as they come. Belongs to the event loop of both.
final class ForwardedCall {
    /// The start of a request with one message is kept until it is whole, so that no service waits for
    /// a slow client; beyond this it goes on piece by piece.
    private static let maximumHeld = 64 << 10

    private let handler: GatewayHandler
    private let admitted: AdmittedRequest
    private var pipeline: RequestPipeline
    /// Until it is sent on.
    private var outbound: RawRequest?
    private let isFramed: Bool
    /// Its request is a stream of messages.
    private var streamsRequests = false
    /// Until the call has ended.
    private var caller: (any RawCaller)?
    private var upstream: (any RawUpstreamCall)?
    private var isOpen = false
    private var sentAt: Instant?
    private var requests: MessageFraming
    private var replies: MessageFraming
    /// What has come of the request before it was sent on.
    private var held: [UInt8] = []
    /// How far the caller's window was opened again.
    private var taken = 0
    /// The status of a reply that has begun.
    private var status: Int?
    /// The headers of a reply whose body has not begun. Without frames nothing can be said behind them, so
    /// they wait for it: what goes wrong before is still a whole reply.
    private var waitingHeaders: (status: Int, fields: Metadata)?

    init(
        _ admitted: AdmittedRequest, from caller: any RawCaller, by handler: GatewayHandler
    ) {
        // Its one owner from now on: it is large, and never copied.
        pipeline = admitted.take()
        isFramed = pipeline.isFramed
        requests = MessageFraming(pipeline.requestLimits, isFramed: isFramed)
        replies = MessageFraming(pipeline.replyLimits, isFramed: isFramed)
        self.admitted = admitted
        self.caller = caller
        self.handler = handler
    }

    /// Sends a stream's headers on; a single message goes with them.
    ///
    /// - Parameter identity: Who the gateway says that it is to a service that it reaches without TLS.
    func begin(_ head: RequestHead, span: CallSpan?, as identity: String?) {
        var request = pipeline.forwarded(head)
        request.span = span
        request.isChild = true
        pipeline.log.trace = span?.context ?? TraceContext(head.fields)
        if let trace = span?.context, !trace.isSampled { request.headers.setTrace(trace) }
        if let identity {
            request.headers.append(name: AssayHeader.claimedIdentity.utf8, value: identity.utf8)
        }
        streamsRequests = request.kind.streamsRequests
        outbound = request
        if streamsRequests { open(isWhole: false) }
    }

    private func open(isWhole: Bool) {
        guard var request = outbound.take() else { preconditionFailure("a call is opened once") }
        isOpen = true
        sentAt = handler.now
        request.body = held
        held = []
        let call = admitted.state.upstreams[pipeline.upstream ?? 0].open(
            request, isWhole: isWhole, deadline: pipeline.callDeadline, to: self)
        // It may have failed already.
        if caller != nil { upstream = call }
    }

    // MARK: Ends

    /// The first end counts; returns the caller for it.
    private func leave() -> (any RawCaller)? {
        if let upstream { pipeline.log.attempts = upstream.attempts }
        upstream = nil
        held = []
        return caller.take()
    }

    private func finish(_ code: StatusCode, http: Int) {
        count()
        pipeline.ended(code, http: http, at: handler.now)
        writeDown()
    }

    private func writeDown() {
        if let sentAt { pipeline.log.upstreamTime = pipeline.log.ended - sentAt }
        handler.note(pipeline.log)
    }

    private func count() { pipeline.counted(bytesIn: requests.bytes, bytesOut: replies.bytes) }

    /// What the service did, or did not do: the caller learns little of it.
    private func fail(_ error: RPCError) {
        guard let caller = leave() else { return }
        count()
        answer(caller, pipeline.failed(error, at: handler.now))
    }

    /// What the caller did.
    private func stop(_ error: RPCError) {
        upstream?.cancel(isLate: false)
        guard let caller = leave() else { return }
        caller.blame(for: error)
        count()
        answer(caller, pipeline.stopped(by: error, at: handler.now))
    }

    private func answer(_ caller: any RawCaller, _ reply: RawReply) {
        writeDown()
        let code = pipeline.log.status
        if status == nil { return caller.send(reply, code) }
        guard let trailers = ending(of: reply).trailers else { return caller.abort() }
        caller.end(trailers: trailers, code)
    }

    /// A reply of ours as it stands behind one that has begun.
    private func ending(of reply: RawReply) -> RawReply {
        RawReply(
            status: 200, headers: Metadata(),
            trailers: isFramed ? reply.headers.withoutContentType : nil)
    }
}

extension ForwardedCall: RawForward {
    func received(_ bytes: UnsafeRawBufferPointer) {
        if caller == nil { return }
        if let error = requests.take(bytes) { return stop(error) }
        if isOpen {
            upstream?.send(bytes)
            return
        }
        if held.isEmpty { held = Array(bytes) } else { held.append(contentsOf: bytes) }
        taken += bytes.count
        caller?.consumed(bytes.count)
        if held.count > Self.maximumHeld { open(isWhole: false) }
    }

    func receivedEnd() {
        if caller == nil { return }
        if isOpen { upstream?.finish() } else { open(isWhole: true) }
    }

    func sent(_ count: Int) { upstream?.consumed(count) }

    func left() {
        upstream?.cancel(isLate: false)
        guard leave() != nil else { return }
        count()
        _ = pipeline.failed(RPCError(.cancelled, "the caller has gone"), at: handler.now)
        writeDown()
    }

    func ended(by error: RPCError) -> RawReply {
        upstream?.cancel(isLate: error.code == .deadlineExceeded)
        _ = leave()
        count()
        let reply = pipeline.stopped(by: error, at: handler.now)
        writeDown()
        return status == nil ? reply : ending(of: reply)
    }

    var unfinished: (message: Int, bytes: Int)? {
        // A service that is slow holds its caller back; that is not the caller's fault.
        if isOpen, requests.bytes > taken { return nil }
        // A request with one message is unfinished until its end, whatever has come of it.
        return streamsRequests ? requests.unfinished : (0, requests.bytes)
    }
}

extension ForwardedCall: RawReceiver {
    func replied(status: Int, headers: Metadata, isLast: Bool) {
        guard let caller else { return }
        let passed = pipeline.replied(status, headers)
        if isLast {
            _ = leave()
            let reply = RawReply(status: status, headers: passed)
            let code = RequestPipeline.status(http: status, ending: passed, isFramed: isFramed)
            finish(code, http: status)
            caller.send(reply, code)
        } else if isFramed {
            self.status = status
            caller.start(status: status, headers: passed)
        } else {
            waitingHeaders = (status, passed)
        }
    }

    private func startReply(to caller: any RawCaller) {
        guard let headers = waitingHeaders.take() else { return }
        status = headers.status
        caller.start(status: headers.status, headers: headers.fields)
    }

    func repliedBody(_ bytes: UnsafeRawBufferPointer) {
        guard let caller else { return }
        if let error = replies.take(bytes) {
            upstream?.cancel(isLate: false)
            return fail(error)
        }
        if !isFramed { startReply(to: caller) }
        caller.send(bytes)
    }

    func repliedEnd(trailers: Metadata?) {
        if !isFramed, let caller { startReply(to: caller) }
        guard let caller = leave() else { return }
        let code = RequestPipeline.status(
            http: status ?? 0, ending: trailers, isFramed: isFramed)
        finish(code, http: status ?? 0)
        caller.end(trailers: trailers, code)
    }

    func sentRequest(upTo position: Int) {
        if position <= taken { return }
        let count = position - taken
        taken = position
        caller?.consumed(count)
    }

    func failed(_ error: RPCError) { fail(error) }
}

extension Metadata {
    /// The fields of a Trailers-Only reply as they stand behind a body.
    fileprivate var withoutContentType: Metadata {
        filter { !matches($0, "content-type") && !matches($0, AssayHeader.requestID) }
    }
}
