internal import HTTP2
internal import RPC

/// A call that sends a stream of messages and reads one; a single message is a stream of one.
///
/// As long as nothing of the reply was seen and all that was sent is still known, it can be sent
/// again: where the server certainly did nothing, or where the schema allows a further attempt.
final class StreamingCall: ClientCall, StreamOwner {
    let kind: MethodKind
    let port: StreamPort
    let client: ClientLoop
    private let target: String
    private var status = 0
    private var headers = Metadata()
    private var trailers: Metadata?
    /// Where the caller wants the metadata.
    var metadata: ReceivedMetadata?
    /// What was taken from the outbox so far, as long as it can be sent again.
    private var sentSoFar: [UInt8]? = []
    private var hasFinished = false
    private var telemetry: ClientTelemetry?
    private var tally = ClientTelemetry.Tally()
    private var bytesIn = 0
    private var bytesOut = 0
    private var machine: RetryMachine
    private var pause: RetryPause?
    /// How the attempt ended whose stream is not over yet.
    private var result: StreamResult?
    /// With interceptors: those around the attempt under way.
    private var around: InterceptedAttempt<Void>?

    /// - Parameter retry: nil if the call may not be repeated once it may have run.
    init(
        _ request: RawRequest, kind: MethodKind, port: StreamPort, deadline: Deadline,
        target: String, retry: RetryPolicy?, in client: ClientLoop
    ) {
        self.kind = kind
        self.port = port
        self.target = target
        self.client = client
        machine = RetryMachine(retry, deadline: deadline)
        super.init(request, deadline: deadline, attempt: 0, loop: client.loop)
        port.belong(to: self)
    }

    override var isTimed: Bool { false }
    override var unsent: Int { port.outbox?.unsent ?? 0 }
    override var unread: Int { port.inbox?.unconsumed ?? 0 }

    /// Sends the first attempt.
    func start(at now: Instant) {
        client.limits.called(isHedged: false, at: now)
        sendAttempt(at: now)
    }

    private func sendAttempt(at now: Instant) {
        guard let interceptors = client.settings.interceptors else {
            return client.send(self, now: now)
        }
        let call = OutgoingAttempt<Void>(
            path: request.target, kind: kind, metadata: request.headers.withoutProtocolFields,
            attempt: attempt, deadline: deadline)
        let around = InterceptedAttempt(
            call, loop: loop,
            send: { metadata in
                self.request.headers.replaceApplicationFields(with: metadata)
                self.client.send(self, now: self.loop.now)
            }, done: { self.intercepted($0) })
        self.around = around
        around.start(interceptors)
    }

    // MARK: Requests

    var openStream: (session: HTTP2Session, stream: HTTP2Stream)? {
        guard let session = connection?.session, let stream else { return nil }
        return (session, stream)
    }

    func outputIsReady() { connection?.add(output: self) }
    func sessionNeedsFlush() { connection?.setNeedsFlush() }
    func willConsume() { _ = connection?.holdsWindows() }

    override func submit(_ headers: [UInt8], to session: HTTP2Session) -> HTTP2Stream? {
        session.submitRequest(headers: headers, body: [], isStreaming: true)
    }

    override func opened(on connection: ClientConnection) {
        telemetry?.attemptStarted(tally)
        port.opened()
        port.outbox?.charge(connection.budget)
        connection.add(output: self)
    }

    /// Hands over what was written.
    func takeOutput() {
        guard let (session, stream) = openStream, !hasFinished, let outbox = port.outbox else {
            return
        }
        let output = outbox.take()
        if !output.bytes.isEmpty {
            keep(output.bytes)
            bytesOut += output.bytes.count
            session.append(output.bytes, to: stream)
        }
        if output.isFinished {
            hasFinished = true
            session.finish(stream)
        }
    }

    private func keep(_ bytes: [UInt8]) {
        guard var kept = sentSoFar.take() else { return }
        guard kept.count + bytes.count <= client.limits.maximumKeptPerCall,
            client.limits.keep(bytes.count)
        else { return client.limits.release(kept.count) }
        kept += bytes
        sentSoFar = kept
    }

    /// No further attempt: what was sent need not be known any more.
    private func commit() {
        if let kept = sentSoFar.take() { client.limits.release(kept.count) }
    }

    override func sent(_ count: Int) { port.outbox?.sent(count) }

    // MARK: Replies

    override func received(_ headers: Metadata, status: Int, isLast: Bool) {
        if !isLast && !wasRefusedAsAssay { commit() }
        self.status = status
        self.headers = headers
        metadata?.set(headers: headers)
        let contentType = ContentType(headers["content-type"] ?? "")
        port.inbox?.begin(contentType, headers.messageEncoding ?? .identity)
    }

    override func received(
        _ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream
    ) {
        if isEnded || wasRefusedAsAssay { return session.consume(data.count, on: stream) }
        if let error = foreignReply {
            session.consume(data.count, on: stream)
            return abandon(error)
        }
        bytesIn += data.count
        port.received(data, in: session, on: stream)
    }

    /// The error of a reply that is not one of gRPC.
    private var foreignReply: RPCError? {
        if status != 200 {
            return RPCError(
                StatusCode(missingStatusWithHTTP: status),
                "the server answered HTTP \(status) without grpc-status")
        }
        if !ContentType(headers["content-type"] ?? "").isGRPC {
            return RPCError(.unknown, "the reply's content type is not gRPC's")
        }
        return nil
    }

    override func received(trailers: Metadata) {
        self.trailers = trailers
        metadata?.set(trailers: trailers)
    }

    override func receivedEnd() {
        if isEnded || hasReply { return }
        let ending = trailers ?? headers
        if trailers == nil { metadata?.set(trailers: headers) }
        let error: RPCError? =
            if let error = RPCError(trailers: ending) {
                error
            } else if ending.firstField("grpc-status") == nil {
                foreignReply
                    ?? RPCError(.unknown, "\(target): the reply ended without grpc-status")
            } else {
                foreignReply
            }
        let progress: AttemptFailure.Progress = sentSoFar == nil ? .committed : .processed
        result = StreamResult(
            error: error, progress: progress, pushback: Pushback(trailers: ending))
        // The stream ends first; only then something follows.
        hasReply = true
        // The rest of the requests is not wanted.
        if let stream, !hasFinished { connection?.reset(stream, code: .noError) }
        if error == nil || sentSoFar == nil { streamEnded() }
    }

    override func streamEnded() {
        guard let result = result.take() else { return }
        attemptEnded(result)
    }

    // MARK: Ends of attempts

    private func attemptEnded(_ ended: StreamResult) {
        guard let around else { return decide(ended) }
        result = ended
        around.finish(ended.error.map { .failure($0) } ?? .success(()))
    }

    /// The interceptors around an attempt are through.
    private func intercepted(_ outcome: Result<Void, RPCError>) {
        around = nil
        if isEnded { return }
        var ended = result.take() ?? StreamResult(error: nil, progress: .unsent)
        switch outcome {
        case .success: ended.error = nil
        case .failure(let error): ended.error = error
        }
        decide(ended)
    }

    private func decide(_ ended: StreamResult) {
        guard let error = ended.error else {
            client.limits.throttle.succeeded()
            if end() { conclude(nil) }
            return
        }
        if wasRefusedAsAssay && sentSoFar != nil {
            // Nothing ran; the endpoint is known now and gets the other content type.
            return sendAgain()
        }
        let failure = AttemptFailure(
            error.code, sentSoFar == nil ? .committed : ended.progress,
            pushback: ended.pushback)
        let now = loop.now
        if machine.counts(failure) { client.limits.throttle.failed() }
        let decision = machine.failed(failure, at: now, jitter: client.generator.jitter()) {
            client.limits.allowsRetry(at: now)
        }
        if decision == .giveUp {
            if end() { conclude(error) }
            return
        }
        noteAttempt(error.code)
        attempt = machine.previousAttempts
        guard case .retry(let pause) = decision else {
            telemetry?.count(.retries, "transparent")
            return sendAgain()
        }
        telemetry?.count(.retries, "policy")
        self.pause = RetryPause(self, until: now + pause)
    }

    /// Sends all that was sent before on another stream.
    func sendAgain() {
        pause = nil
        if isEnded { return }
        let sent = sentSoFar ?? []
        client.limits.release(sent.count)
        sentSoFar = []
        (status, headers, trailers) = (0, Metadata(), nil)
        (hasFinished, hasReply, wasRefusedAsAssay) = (false, false, false)
        avoided = lastSlot
        port.reopen(sent)
        let now = loop.now
        span = telemetry?.attemptSpan(of: tally, at: now)
        sendAttempt(at: now)
    }

    /// What fails here says which target it was; what the server says stays as it is.
    private func named(_ error: RPCError) -> RPCError {
        var error = error
        error.message = "\(target): \(error.message)"
        return error
    }

    /// Tells of the call, which begins now.
    func observe(_ telemetry: ClientTelemetry?, at now: Instant) {
        guard let telemetry else { return }
        self.telemetry = telemetry
        telemetry.began(&tally, request, at: now)
        span = telemetry.attemptSpan(of: tally, at: now)
    }

    private func noteAttempt(_ code: StatusCode) {
        telemetry?.attemptEnded(
            &tally, code, span: span, number: attempt, sentAt: sentAt, bytesIn: bytesIn,
            bytesOut: bytesOut, at: loop.readClock())
        (bytesIn, bytesOut) = (0, 0)
    }

    private func noteEnd(_ error: RPCError?) {
        noteAttempt(error?.code ?? .ok)
        guard let telemetry = telemetry.take() else { return }
        let now = loop.clock
        telemetry.ended(
            tally, error?.code ?? .ok, error, request.headers, deadline: deadline, at: now)
    }

    private func conclude(_ error: RPCError?) {
        noteEnd(error)
        commit()
        pause?.cancel()
        pause = nil
        if let error {
            port.inbox?.fail(error)
            port.outbox?.fail(error)
        } else {
            port.inbox?.finish()
            port.outbox?.fail(
                RPCError(
                    .cancelled, "the server has ended the call", reason: MessageOutbox.peerEnded))
        }
        if stream == nil { port.detach() }
    }

    /// The attempt has failed, or will not be made.
    override func fail(_ error: RPCError, wasProcessed: Bool = true) {
        if isEnded { return }
        hasReply = false
        result = nil
        let progress: AttemptFailure.Progress =
            sentSoFar == nil
            ? .committed : wasProcessed ? .processed : lastSlot == nil ? .unsent : .refused
        attemptEnded(StreamResult(error: named(error), progress: progress))
    }

    /// What is given up here is not tried again.
    override func abandon(_ error: RPCError) {
        if isEnded { return }
        commit()
        super.abandon(error)
    }

    override func leave() {
        super.leave()
        around?.cancel()
        around = nil
        if end() { conclude(named(RPCError(.cancelled, "the call was cancelled"))) }
        // What came and was not read is not wanted either.
        port.abandon(RPCError(.cancelled, "the call was cancelled"))
    }

    override func leaveConnection(_ session: HTTP2Session?) {
        super.leaveConnection(session)
        port.releaseCredit(to: session)
        if isEnded { port.detach() }
    }
}

/// How one attempt of a stream ended.
struct StreamResult {
    /// Nil if it succeeded.
    var error: RPCError?
    var progress: AttemptFailure.Progress
    var pushback = Pushback.none
}

/// Waits before a further attempt of a stream.
final class RetryPause: LoopContext.TimerTarget {
    private let call: StreamingCall
    private var timer: LoopContext.Timer?

    init(_ call: StreamingCall, until instant: Instant) {
        self.call = call
        timer = call.loop.arm(self, at: instant)
    }

    func timerFired() {
        timer = nil
        call.sendAgain()
    }

    func cancel() {
        if let timer { call.loop.cancel(timer) }
        timer = nil
    }
}
