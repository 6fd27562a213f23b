public import RPC
internal import Synchronization

/// What changes outside the process: read once per request.
public struct GatewayClock: Sendable {
    public var now: @Sendable () -> Instant
    public var unixMilliseconds: @Sendable () -> Int64

    public init(
        now: @escaping @Sendable () -> Instant, unixMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.now = now
        self.unixMilliseconds = unixMilliseconds
    }
}

/// Drives a `RequestPipeline` per request between the server's connections and the upstreams.
public final class GatewayHandler: RequestHandler {
    let serving: ServingSlot
    let limits: GatewayLimits
    private let flights: AdmissionControl?
    private let clock: GatewayClock
    private let log: AccessLog?
    private let security: SecurityLog?
    private let audit: AuditGate
    private let counters: GatewayCounters
    let documents = OpenAPIDocuments()
    private let claimedIdentity: String?
    private let entropy: Atomic<UInt64>

    /// - Parameters:
    ///   - serving: What requests are served by; each keeps what it began with.
    ///   - admission: Bounds calls in flight.
    ///   - security: Is told of refused credentials and scopes.
    ///   - audit: Closed while calls cannot be written down.
    ///   - seed: A random number; names of requests and jitter follow from it.
    ///   - claimedIdentity: Who the gateway is to services that it reaches without TLS.
    public init(
        serving: ServingSlot, limits: GatewayLimits, admission: AdmissionControl? = nil,
        clock: GatewayClock, log: AccessLog?, security: SecurityLog? = nil,
        audit: AuditGate = AuditGate(), counters: GatewayCounters, seed: UInt64,
        claimedIdentity: String? = nil
    ) {
        self.serving = serving
        self.limits = limits
        flights = admission
        self.security = security
        self.audit = audit
        self.clock = clock
        self.log = log
        self.counters = counters
        self.claimedIdentity = claimedIdentity
        entropy = Atomic(seed)
    }

    public func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        let state = serving.current
        var pipeline = RequestPipeline(
            snapshot: state.snapshot, limits: limits, admission: flights, audit: audit)
        let surroundings = surroundings()
        let verdict = pipeline.received(head, from: peer, surroundings)
        // Most requests go on at once: their pipeline moves, and is not copied.
        if case .read(let acceptance) = verdict {
            return accept(acceptance, consume pipeline, state)
        }
        return admission(verdict, Going(consume pipeline, state, head, peer), surroundings)
    }

    func surroundings() -> RequestPipeline.Surroundings {
        RequestPipeline.Surroundings(
            now: clock.now(), wallClock: clock.unixMilliseconds() / 1000, entropy: nextEntropy(),
            clock: clock.now)
    }

    /// A request on its way, and what it began with.
    private struct Going: Sendable {
        var pipeline: RequestPipeline
        let state: ServingState
        let head: RequestHead
        let peer: Peer
        /// Until when it waits for keys; set when it first does.
        var patience: Instant?

        init(
            _ pipeline: consuming RequestPipeline, _ state: ServingState, _ head: RequestHead,
            _ peer: Peer
        ) {
            self.pipeline = consume pipeline
            self.state = state
            self.head = head
            self.peer = peer
        }
    }

    private func admission(
        _ verdict: RequestPipeline.Verdict, _ going: Going,
        _ surroundings: RequestPipeline.Surroundings
    ) -> Admission {
        switch verdict {
        case .read(let acceptance): return accept(acceptance, going.pipeline, going.state)
        case .reject(let reply):
            note(going.pipeline.log, unixMilliseconds: clock.unixMilliseconds())
            return answer(reply, to: going.head)
        case .wait(.limit(let question)): return ask(question, going, surroundings)
        case .wait(.keys(let keys)): return wait(for: keys, going, surroundings)
        }
    }

    private func accept(
        _ terms: Acceptance, _ pipeline: consuming RequestPipeline, _ state: ServingState
    ) -> Admission {
        var terms = terms
        terms.state = AdmittedRequest(consume pipeline, state)
        return .accept(terms)
    }

    /// Its token was signed with a key that nobody knows yet.
    private func wait(
        for keys: KeySetCache, _ waiting: Going, _ surroundings: RequestPipeline.Surroundings
    ) -> Admission {
        var going = waiting
        let patience = going.patience ?? surroundings.now + KeySetCache.patience
        going.patience = patience
        let pending = PendingAdmission(
            deadline: going.pipeline.callDeadline, route: going.pipeline.routeIndex ?? 0)
        let started = going
        keys.whenSettled(by: patience) { [self] in
            var going = started
            let surroundings = self.surroundings()
            let verdict = going.pipeline.resumed(going.head, from: going.peer, surroundings)
            switch admission(verdict, going, surroundings) {
            case .wait(let next): next.whenDecided { pending.decide($0) }
            case let admission: pending.decide(admission)
            }
        }
        return .wait(pending)
    }

    /// Asks the limits, which may have to ask others first.
    private func ask(
        _ question: LimitQuestion, _ going: Going, _ surroundings: RequestPipeline.Surroundings
    ) -> Admission {
        let pending = PendingAdmission(
            deadline: going.pipeline.callDeadline, route: going.pipeline.route ?? 0)
        let now = Int64(clamping: surroundings.now.nanoseconds)
        let decision = limits.rates.decide(question, now: now) { [self] decision in
            pending.decide(decided(decision, question, going, self.surroundings()))
        }
        guard let decision else { return .wait(pending) }
        return decided(decision, question, going, surroundings)
    }

    private func decided(
        _ decision: RateLimitDecision, _ question: LimitQuestion, _ waiting: Going,
        _ surroundings: RequestPipeline.Surroundings
    ) -> Admission {
        var going = waiting
        let verdict = going.pipeline.received(decision, to: question, of: going.head, surroundings)
        return admission(verdict, going, surroundings)
    }

    /// Refuses a call of the gateway's own services if its address calls, or fails to log in, too often.
    ///
    /// - Parameter credential: a hash of what it wants to log in with; nil for what is public.
    func refusal(
        byAddress head: RequestHead, from peer: Peer, credential: @autoclosure () -> UInt64?
    ) -> Admission? {
        do throws(Rejection) {
            try RequestPipeline.checkAddress(
                head, from: peer, serving.current.snapshot.addressLimits, limits.addresses,
                isCounted: true, credential: credential(), surroundings())
            return nil
        } catch {
            return .refuse(error.rendered(head.contentType), error.error)
        }
    }

    /// On the gRPC face a refusal is sent at once and ends the stream. HTTP clients may lose a reply
    /// that overtakes their request (curl 7.88 does, at the reset that follows), so they are heard
    /// out first: a little of the body, for a little while; but not those who wait for an invitation.
    func answer(_ reply: RawReply, to head: RequestHead) -> Admission {
        if head.contentType.isGRPC || head.contentType == .otherGRPC || head.expectsContinue {
            return .refuse(reply)
        }
        var acceptance = Acceptance(
            maximumBytes: Self.refusedBodyBytes, isFramed: false,
            deadline: Deadline(head.receivedAt + Self.refusedBodyPatience),
            state: RefusedRequest(reply))
        acceptance.isHeardOut = true
        return .accept(acceptance)
    }

    private static let refusedBodyBytes = 64 << 10
    private static let refusedBodyPatience = Duration.seconds(2)

    public func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        if let refused = request.acceptance.state as? RefusedRequest {
            return .reply(.raw(refused.reply))
        }
        preconditionFailure("what is not refused is forwarded")
    }

    public func forward(
        _ request: borrowing InboundRequest, to caller: any RawCaller
    ) -> any RawForward {
        guard let admitted = request.acceptance.state as? AdmittedRequest else {
            preconditionFailure("a request is admitted before it is forwarded")
        }
        let call = ForwardedCall(admitted, from: caller, by: self)
        call.begin(request.head, span: request.span, as: claimedIdentity)
        return call
    }

    var now: Instant { clock.now() }

    func note(_ entry: AccessLogEntry) {
        note(entry, unixMilliseconds: clock.unixMilliseconds())
    }

    private func note(_ entry: AccessLogEntry, unixMilliseconds: Int64) {
        counters.count(entry)
        log?.append(entry, unixMilliseconds: unixMilliseconds)
        if let security, let event = SecurityEvent(entry) {
            security.append(event, unixMilliseconds: unixMilliseconds)
        }
    }

    private func nextEntropy() -> UInt64 {
        var value = entropy.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// Keeps a request's pipeline between its admission and its forwarding.
final class AdmittedRequest: Sendable {
    private let pipeline: Mutex<RequestPipeline?>
    let state: ServingState
    /// The call's place among those in flight, which it has until its stream is over.
    private let inFlight: InFlightSlot?

    init(_ pipeline: consuming RequestPipeline, _ state: ServingState) {
        inFlight = pipeline.inFlight
        self.pipeline = Mutex(consume pipeline)
        self.state = state
    }

    /// Hands the pipeline over, once.
    func take() -> RequestPipeline {
        guard let taken = pipeline.withLock({ $0.take() }) else {
            preconditionFailure("a request is forwarded once")
        }
        return taken
    }
}

/// Keeps the reply to a request that is refused, until its body has come.
private final class RefusedRequest: Sendable {
    let reply: RawReply

    init(_ reply: RawReply) { self.reply = reply }
}
