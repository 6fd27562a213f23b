internal import NIOCore
internal import RPC

/// A unary call with all of its attempts, one after the other or side by side.
///
/// Sendable: `cancel` may be called on any thread and goes to the loop; everything else happens
/// there.
final class UnaryExchange: LoopContext.TimerTarget, @unchecked Sendable {
    typealias Result = Swift.Result<RawReply, RPCError>

    private let eventLoop: any EventLoop
    private let request: RawRequest
    private let deadline: Deadline
    private let options: Options
    private var client: ClientLoop?
    /// Taken once, by `deliver`; unchecked, because the check would allocate on each call.
    private var continuation: UnsafeContinuation<Result, Never>?
    private var isCancelled = false
    private var isKept = false
    private var machine: RetryMachine
    private var hedge: HedgeMachine?
    /// The attempt under way; with hedging the last one.
    private var attempt: UnaryCall?
    private var rivals: [UnaryCall] = []
    private var timer: LoopContext.Timer?
    private var isWaitingToRetry = false
    private var tally = ClientTelemetry.Tally()

    struct Options: Sendable {
        /// Nil if the call may not be repeated once it may have run.
        var retry: RetryPolicy?
        var hedging: HedgingPolicy?
        var waitsForReady = false
        /// The request is in our own encoding, which every protobuf reader understands too.
        var isAssay = false
    }

    init(
        _ request: RawRequest, deadline: Deadline, options: Options, on eventLoop: any EventLoop
    ) {
        self.request = request
        self.deadline = deadline
        self.options = options
        self.eventLoop = eventLoop
        machine = RetryMachine(options.retry, deadline: deadline)
    }

    // MARK: Beginning

    func start(in client: ClientLoop, _ continuation: UnsafeContinuation<Result, Never>) {
        self.client = client
        self.continuation = continuation
        let now = client.loop.now
        client.telemetry?.began(&tally, request, at: now)
        if isCancelled { return deliver(.failure(Self.cancellation)) }
        if deadline.hasPassed(at: now) { return deliver(.failure(Self.expiry)) }
        isKept = options.retry != nil && client.limits.keep(request.body.count)
        if !isKept { machine = RetryMachine(nil, deadline: deadline) }
        if let hedging = options.hedging, let retry = options.retry, isKept {
            hedge = HedgeMachine(
                maximumAttempts: hedging.maximumAttempts, codes: hedging.codes ?? retry.codes,
                typical: hedging.delay ?? client.limits.typicalLatency(of: request.target),
                deadline: deadline,
                at: now)
        }
        client.limits.called(isHedged: hedge != nil, at: now)
        send(now)
    }

    private func send(_ now: Instant) {
        guard let client else { return }
        let previous = attempt
        let number = hedge?.started ?? machine.previousAttempts
        let call: UnaryCall
        if let interceptors = client.settings.interceptors {
            call = InterceptedCall(
                request, deadline: deadline, attempt: number, loop: client.loop, exchange: self,
                interceptors)
        } else {
            call = UnaryCall(
                request, deadline: deadline, attempt: number, loop: client.loop, exchange: self)
        }
        call.waitsForReady = options.waitsForReady
        call.isAssay = options.isAssay
        call.avoided = previous?.lastSlot
        call.span = client.telemetry?.attemptBegan(&tally, at: now)
        if hedge != nil, let previous, !previous.isEnded { rivals.append(previous) }
        attempt = call
        hedge?.sent(at: now)
        call.begin(in: client, at: now)
        armHedge()
    }

    private func armHedge() {
        guard let next = hedge?.nextAt, continuation != nil else { return }
        client?.loop.cancel(timer)
        timer = client?.loop.arm(self, at: next)
    }

    // MARK: Ends of attempts

    func ended(_ call: UnaryCall, _ result: AttemptResult) {
        noteEnd(of: call, result)
        guard continuation != nil, let client else { return }
        guard let failure = AttemptFailure(result) else {
            client.limits.throttle.succeeded()
            if options.hedging != nil {
                client.limits.record(client.loop.now - call.sentAt, of: request.target)
            }
            return deliver(result.outcome)
        }
        let now = client.loop.now
        if call.wasRefusedAsAssay {
            // Nothing ran; the endpoint is known now and gets the other content type.
            return send(now)
        }
        if hedge == nil {
            retry(failure, result, now, client)
        } else {
            rival(call, failure, result, now, client)
        }
    }

    private func retry(
        _ failure: AttemptFailure, _ result: AttemptResult, _ now: Instant, _ client: ClientLoop
    ) {
        if machine.counts(failure) { client.limits.throttle.failed() }
        let decision = machine.failed(failure, at: now, jitter: client.generator.jitter()) {
            client.limits.allowsRetry(at: now)
        }
        switch decision {
        case .giveUp: deliver(result.outcome)
        case .resend:
            client.telemetry?.count(.retries, "transparent")
            send(now)
        case .retry(let pause):
            client.telemetry?.count(.retries, "policy")
            isWaitingToRetry = true
            timer = client.loop.arm(self, at: now + pause)
        }
    }

    private func rival(
        _ call: UnaryCall, _ failure: AttemptFailure, _ result: AttemptResult, _ now: Instant,
        _ client: ClientLoop
    ) {
        rivals.removeAll { $0 === call }
        if machine.counts(failure) { client.limits.throttle.failed() }
        let action = hedge?.ended(failure, at: now) { allowsHedge(client, at: now) }
        last = result.outcome
        act(action ?? .finish, now)
    }

    private func allowsHedge(_ client: ClientLoop, at now: Instant) -> Bool {
        let isAllowed = client.limits.allowsHedge(at: now)
        if !isAllowed { client.telemetry?.count(.hedges, "denied") }
        return isAllowed
    }

    /// How the last hedged attempt ended.
    private var last: Result?

    private func act(_ action: HedgeMachine.Action, _ now: Instant) {
        switch action {
        case .wait: armHedge()
        case .start:
            client?.telemetry?.count(.hedges, "sent")
            send(now)
        case .finish: deliver(last ?? .failure(Self.expiry))
        }
    }

    func timerFired() {
        timer = nil
        guard let client, continuation != nil else { return }
        let now = client.loop.now
        if isWaitingToRetry {
            isWaitingToRetry = false
            return send(now)
        }
        let action = hedge?.fired(at: now) { allowsHedge(client, at: now) }
        act(action ?? .wait, now)
    }

    private func deliver(_ result: Result) {
        guard let waiting = continuation.take() else { return }
        if let timer { client?.loop.cancel(timer) }
        timer = nil
        noteEnd(result)
        if isKept { client?.limits.release(request.body.count) }
        waiting.resume(returning: result)
        if hedge != nil {
            for rival in rivals { rival.leave() }
            rivals = []
            attempt?.leave()
        }
        attempt = nil
    }

    // MARK: Telemetry

    private func noteEnd(of call: UnaryCall, _ result: AttemptResult) {
        guard let telemetry = client?.telemetry else { return }
        let (code, bytes) = result.summary
        telemetry.attemptEnded(
            &tally, code, span: call.span, number: call.attempt, sentAt: call.sentAt,
            bytesIn: bytes, bytesOut: request.body.count, at: call.loop.readClock())
        if hedge != nil, call.attempt > 0, code == .ok, continuation != nil {
            telemetry.count(.hedges, "won")
        }
    }

    private func noteEnd(_ result: Result) {
        guard let client, let telemetry = client.telemetry else { return }
        let (code, error) =
            switch result {
            case .success(let reply): reply.verdict
            case .failure(let error): (error.code, error)
            }
        // An attempt that succeeded has just read the clock.
        let now = code == .ok ? client.loop.clock : client.loop.readClock()
        telemetry.ended(tally, code, error, request.headers, deadline: deadline, at: now)
    }

    // MARK: The caller

    /// The caller is not interested any more. From any thread.
    func cancel() {
        eventLoop.execute {
            self.isCancelled = true
            let (attempt, rivals) = (self.attempt, self.rivals)
            self.deliver(.failure(Self.cancellation))
            attempt?.leave()
            for rival in rivals { rival.leave() }
        }
    }

    private static let cancellation = RPCError(.cancelled, "the call was cancelled")
    private static let expiry = RPCError(
        .deadlineExceeded, "the deadline has passed", reason: "EXPIRED")
}

/// How one attempt of a unary call ended.
enum AttemptResult: Sendable {
    case reply(RawReply)
    /// `wasProcessed` is false if the peer certainly did nothing.
    case failed(RPCError, AttemptFailure.Progress)

    /// The status, and the bytes that came.
    var summary: (StatusCode, Int) {
        switch self {
        case .reply(let reply): (StatusCode(of: reply), reply.body.count)
        case .failed(let error, _): (error.code, 0)
        }
    }

    var outcome: UnaryExchange.Result {
        switch self {
        case .reply(let reply): .success(reply)
        case .failed(let error, _): .failure(error)
        }
    }
}

extension AttemptFailure {
    /// Nil if the attempt succeeded.
    init?(_ result: AttemptResult) {
        switch result {
        case .failed(let error, let progress): self.init(error.code, progress)
        case .reply(let reply):
            let ending = reply.trailers ?? reply.headers
            if let error = RPCError(trailers: ending) {
                // Response headers commit to the attempt (gRFC A6).
                self.init(
                    error.code, reply.trailers == nil ? .processed : .committed,
                    pushback: Pushback(trailers: ending))
            } else if reply.status == 200 || reply.trailers != nil {
                return nil
            } else {
                self.init(StatusCode(missingStatusWithHTTP: reply.status), .processed)
            }
        }
    }
}
