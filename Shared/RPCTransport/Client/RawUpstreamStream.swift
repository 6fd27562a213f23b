internal import HTTP2
internal import RPC

/// A call to a service whose bytes pass as they come.
///
/// As long as nothing of the reply was seen and all that was sent is still known, it can be sent again:
/// where the server certainly did nothing, or where the schema allows a further attempt.
final class RawUpstreamStream: ClientCall, RawUpstreamCall {
    private let client: ClientLoop
    private let target: String
    /// Until the call has ended.
    private var receiver: (any RawReceiver)?
    private var machine: RetryMachine
    /// The request from its beginning, as long as it can be sent again, or has not been sent yet.
    private var kept: [UInt8]?
    /// Bytes of it that count in the limits of the loop.
    private var counted = 0
    private var isWhole = false
    /// How far the request was sent in this attempt, and in any.
    private var sentNow = 0
    private var sentMost = 0
    private var status = 0
    private var headers = Metadata()
    private var trailers: Metadata?
    private var isHeadersOnly = false
    /// Something of the reply has been handed on.
    private var isCommitted = false
    /// Bytes of the reply that were not consumed.
    private var unreadReply = 0
    private var result: Ending?
    private var pause: RawRetryPause?
    private var holdsPlace = false
    private var telemetry: ClientTelemetry?
    private var tally = ClientTelemetry.Tally()
    private var bytesIn = 0
    private var bytesOut = 0
    private(set) var attempts = 0

    /// How an attempt ended whose stream is not over yet.
    private enum Ending {
        case replied
        case failed(RPCError, AttemptFailure.Progress, Pushback)
    }

    /// - Parameter retry: nil if the call may not be repeated once it may have run.
    init(
        _ request: consuming RawRequest, isWhole: Bool, deadline: Deadline, target: String,
        retry: RetryPolicy?, to receiver: any RawReceiver, in client: ClientLoop
    ) {
        self.client = client
        self.target = target
        self.receiver = receiver
        self.isWhole = isWhole
        kept = request.body
        machine = RetryMachine(retry, deadline: deadline)
        // Who opens the call ends it at its deadline.
        super.init(
            consume request, deadline: deadline, attempt: 0, loop: client.loop, isTimed: false)
    }

    override var isTimed: Bool { request.kind == .unary }
    override var unsent: Int { kept?.count ?? 0 }
    override var unread: Int { unreadReply }

    /// Sends the first attempt, if the target has a place for it.
    func start(at now: Instant) {
        telemetry = client.telemetry
        telemetry?.began(&tally, request, at: now)
        span = telemetry?.attemptSpan(of: tally, at: now)
        guard client.circuit.enter() else {
            return conclude(Self.circuitOpen("\(client.circuit.limit) calls are in flight"))
        }
        holdsPlace = true
        if !client.limits.keep(request.body.count) {
            machine = RetryMachine(nil, deadline: deadline)
        } else {
            counted = request.body.count
        }
        client.limits.called(isHedged: false, at: now)
        client.send(self, now: now)
    }

    private static func circuitOpen(_ why: String) -> RPCError {
        RPCError(.unavailable, why, reason: "CIRCUIT_OPEN")
    }

    // MARK: The request

    override func submit(_ headers: [UInt8], to session: HTTP2Session) -> HTTP2Stream? {
        session.submitRequest(headers: headers, body: kept ?? [], isStreaming: !isWhole)
    }

    override func opened(on connection: ClientConnection) {
        telemetry?.attemptStarted(tally)
        attempts += 1
        sentNow = 0
        bytesOut = kept?.count ?? 0
        trim()
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        if isEnded || hasReply { return }
        kept?.append(contentsOf: bytes)
        guard let stream, let connection else { return }
        bytesOut += bytes.count
        connection.session?.append(Array(bytes), to: stream)
        connection.setNeedsFlush()
        trim()
    }

    /// Lets go of a request that is too long to be kept, once it is on its way.
    private func trim() {
        guard let kept, stream != nil else { return }
        let more = kept.count - counted
        if kept.count <= client.limits.maximumKeptPerCall, more == 0 || client.limits.keep(more) {
            counted += more
        } else {
            commit()
        }
    }

    func finish() {
        if isEnded || isWhole { return }
        isWhole = true
        guard let stream, let connection else { return }
        connection.session?.finish(stream)
        connection.setNeedsFlush()
    }

    override func sent(_ count: Int) {
        sentNow += count
        if sentNow <= sentMost { return }
        sentMost = sentNow
        receiver?.sentRequest(upTo: sentMost)
    }

    /// No further attempt: what was sent need not be known any more.
    private func commit() {
        kept = nil
        client.limits.release(counted)
        counted = 0
    }

    // MARK: The reply

    override func received(_ headers: Metadata, status: Int, isLast: Bool) {
        self.status = status
        self.headers = headers
        isHeadersOnly = isLast
        if isLast || isEnded { return }
        if let failure = failureWorthRepeating(headers, status) {
            // Its body says no more than its status.
            result = failure
            hasReply = true
            if let stream { connection?.reset(stream, code: .cancel) }
            return
        }
        isCommitted = true
        commit()
        receiver?.replied(status: status, headers: headers, isLast: false)
    }

    /// The failure that a reply of HTTP is, if another attempt may mend it. On the gRPC face the
    /// status comes last, and nothing is repeated that has begun a reply.
    private func failureWorthRepeating(_ headers: Metadata, _ status: Int) -> Ending? {
        guard status == 429 || status >= 500, kept != nil else { return nil }
        let error = RPCError(
            StatusCode(missingStatusWithHTTP: status), "the service answered HTTP \(status)")
        let failure = AttemptFailure(error.code, .processed, pushback: Pushback(trailers: headers))
        let now = loop.now
        guard machine.mayRepeat(failure, at: now), client.limits.mayRetry(at: now) else {
            return nil
        }
        return .failed(error, .processed, failure.pushback)
    }

    override func received(
        _ data: UnsafeRawBufferPointer, in session: HTTP2Session, on stream: HTTP2Stream
    ) {
        guard !isEnded, isCommitted, let receiver else {
            return session.consume(data.count, on: stream)
        }
        bytesIn += data.count
        unreadReply += data.count
        session.keep()
        receiver.repliedBody(data)
    }

    func consumed(_ count: Int) {
        guard let connection, let session = connection.session, let stream else { return }
        let count = min(count, unreadReply)
        if count <= 0 { return }
        unreadReply -= count
        _ = connection.holdsWindows()
        session.consume(count, on: stream)
        connection.setNeedsFlush()
    }

    override func received(trailers: Metadata) { self.trailers = trailers }

    override func receivedEnd() {
        if isEnded || hasReply { return }
        let failure = isHeadersOnly && kept != nil ? RPCError(trailers: headers) : nil
        result =
            failure.map { .failed($0, .processed, Pushback(trailers: headers)) } ?? .replied
        // The stream ends first; only then something follows.
        hasReply = true
        // The rest of the request is not wanted.
        if let stream, !stream.isLocallyEnded { connection?.reset(stream, code: .noError) }
        if failure == nil { streamEnded() }
    }

    override func streamEnded() {
        guard let ended = result.take() else { return }
        switch ended {
        case .replied: handOver()
        case .failed(let error, let progress, let pushback):
            decide(error, progress, pushback) { $0.handOver() }
        }
    }

    /// The reply goes to the caller as it is, with its end.
    private func handOver() {
        let ending = trailers ?? headers
        let error = RPCError(trailers: ending)
        if error == nil { client.limits.throttle.succeeded() }
        guard end(), let receiver = leaveReceiver() else { return }
        noteEnd(
            error?.code ?? (status == 200 ? .ok : StatusCode(missingStatusWithHTTP: status)), error)
        if isCommitted {
            receiver.repliedEnd(trailers: trailers)
        } else {
            receiver.replied(status: status, headers: headers, isLast: true)
        }
    }

    // MARK: Ends of attempts

    private func decide(
        _ error: RPCError, _ progress: AttemptFailure.Progress, _ pushback: Pushback,
        giveUp: (RawUpstreamStream) -> Void
    ) {
        let failure = AttemptFailure(
            error.code, kept == nil || isCommitted ? .committed : progress, pushback: pushback)
        let now = loop.now
        if machine.counts(failure) { client.limits.throttle.failed() }
        let decision = machine.failed(failure, at: now, jitter: client.generator.jitter()) {
            client.limits.allowsRetry(at: now)
        }
        if decision == .giveUp { return giveUp(self) }
        noteAttempt(error.code)
        attempt = machine.previousAttempts
        guard case .retry(let pause) = decision else {
            telemetry?.count(.retries, "transparent")
            return sendAgain()
        }
        telemetry?.count(.retries, "policy")
        self.pause = RawRetryPause(self, until: now + pause)
    }

    /// Sends all that was sent before on another stream.
    fileprivate func sendAgain() {
        pause = nil
        if isEnded { return }
        (status, headers, trailers) = (0, Metadata(), nil)
        (hasReply, isHeadersOnly) = (false, false)
        avoided = lastSlot
        let now = loop.now
        span = telemetry?.attemptSpan(of: tally, at: now)
        client.send(self, now: now)
    }

    /// The attempt has failed, or will not be made.
    override func fail(_ error: RPCError, wasProcessed: Bool = true) {
        if isEnded { return }
        hasReply = false
        result = nil
        if error.reason == "CLIENT_QUEUE_FULL" {
            return conclude(Self.circuitOpen(error.message))
        }
        let progress: AttemptFailure.Progress =
            wasProcessed ? .processed : lastSlot == nil ? .unsent : .refused
        var error = error
        if progress == .unsent, error.code == .unavailable {
            error.reason = error.reason ?? "NO_ENDPOINT"
        }
        let named = error
        decide(named, progress, .none) { $0.conclude(named) }
    }

    private func conclude(_ error: RPCError) {
        var error = error
        error.message = "\(target): \(error.message)"
        guard end(), let receiver = leaveReceiver() else { return }
        noteEnd(error.code, error)
        receiver.failed(error)
    }

    func cancel(isLate: Bool) {
        guard end() else { return }
        outcome = isLate ? .overloaded : outcome
        if let stream, let connection { connection.cancel(stream) }
        noteEnd(
            isLate ? .deadlineExceeded : .cancelled,
            RPCError(isLate ? .deadlineExceeded : .cancelled, "\(target): nobody waits any more"))
        _ = leaveReceiver()
    }

    /// What is given up here is not tried again.
    override func abandon(_ error: RPCError) {
        if isEnded { return }
        if let stream, let connection { connection.cancel(stream) }
        conclude(error)
    }

    private func leaveReceiver() -> (any RawReceiver)? {
        commit()
        pause?.cancel()
        pause = nil
        if holdsPlace { client.circuit.leave() }
        holdsPlace = false
        return receiver.take()
    }

    override func leaveConnection(_ session: HTTP2Session?) {
        super.leaveConnection(session)
        if unreadReply > 0 { session?.drop(unreadReply) }
        unreadReply = 0
    }

    // MARK: Telemetry

    private func noteAttempt(_ code: StatusCode) {
        telemetry?.attemptEnded(
            &tally, code, span: span, number: attempt, sentAt: sentAt, bytesIn: bytesIn,
            bytesOut: bytesOut, at: loop.readClock())
        (bytesIn, bytesOut) = (0, 0)
    }

    private func noteEnd(_ code: StatusCode, _ error: RPCError?) {
        guard telemetry != nil else { return }
        noteAttempt(code)
        telemetry.take()?.ended(
            tally, code, error, request.headers, deadline: deadline, at: loop.clock)
    }
}

/// Waits before a further attempt.
private final class RawRetryPause: LoopContext.TimerTarget {
    private let call: RawUpstreamStream
    private var timer: LoopContext.Timer?

    init(_ call: RawUpstreamStream, until instant: Instant) {
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
