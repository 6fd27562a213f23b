public import RPC

/// One request's way through the gateway, as a value: events go in, verdicts come out.
///
/// The order of the stages is the order of their cost, so a request that will be refused is refused
/// cheaply. The value holds no socket, clock or lock; whoever drives it carries the verdicts out.
public struct RequestPipeline: Sendable {
    public enum Stage: String, Sendable, Hashable {
        case face, headers, route, address, deadline, authenticate, authorize, idempotency, limit,
            load, body
        case forward, reply
    }

    /// What a request needs besides its own bytes, handed in so that a test decides it.
    public struct Surroundings: Sendable {
        public var now: Instant
        /// Seconds since 1970, for the lives of keys.
        public var wallClock: Int64
        /// A random number: jitter of the pushback, and the name of a request without one.
        public var entropy: UInt64
        /// Looks at the clock of `now` again, after what may have taken long.
        public var clock: @Sendable () -> Instant

        // Two of these: an optional closure would be wrapped anew for every request.
        public init(
            now: Instant, wallClock: Int64, entropy: UInt64,
            clock: @escaping @Sendable () -> Instant
        ) {
            self.now = now
            self.wallClock = wallClock
            self.entropy = entropy
            self.clock = clock
        }

        /// With a clock that stands still.
        public init(now: Instant, wallClock: Int64, entropy: UInt64) {
            self.init(now: now, wallClock: wallClock, entropy: entropy, clock: { now })
        }
    }

    /// How a request goes on.
    public enum Verdict: Sendable {
        /// Its body may be read, on these terms.
        case read(Acceptance)
        case reject(RawReply)
        /// It goes on when this is known.
        case wait(Input)
    }

    /// What a request may wait for.
    public enum Input: Sendable {
        /// What the limits say to this; then `received(_:to:of:_:)`.
        case limit(LimitQuestion)
        /// The keys that its token may be signed with; `resumed` when they have settled.
        case keys(KeySetCache)
    }

    enum State: Sendable {
        case waitingForHead
        case waitingForLimit
        /// How often it has waited.
        case waitingForKeys(round: Int)
        case waitingForBody
        case forwarding
        case ended
    }

    var state = State.waitingForHead
    let snapshot: GatewaySnapshot
    let limits: GatewayLimits
    public internal(set) var log: AccessLogEntry
    var findings = HeaderFindings()
    var route: Int?
    var principal: Principal?
    var deadline = Deadline.none
    var contentType = ContentType.other
    var isGet = false
    var isEncrypted = false
    /// The listener that it came on.
    var listener = 0
    var hasCertificate = false
    /// How much the call matters; never the caller's to say.
    public internal(set) var criticality = Criticality.normal
    var limitFields: (policy: String, state: String)?
    var authenticationStarted: Instant?
    var limitAsked: Instant?
    /// The origin of the page that a browser sends it for, where pages of other origins may call.
    var page: String?
    let admission: AdmissionControl?
    let audit: AuditGate?
    /// The call's place among those in flight, from its admission until the last copy of this is gone.
    var inFlight: InFlightSlot?
    var entropy: UInt64 = 0

    /// - Parameters:
    ///   - admission: Bounds calls in flight; nil lets all in.
    ///   - audit: Says whether calls can be written down; nil for a gateway without methods that must be.
    public init(
        snapshot: GatewaySnapshot, limits: GatewayLimits, admission: AdmissionControl? = nil,
        audit: AuditGate? = nil
    ) {
        self.snapshot = snapshot
        self.limits = limits
        self.admission = admission
        self.audit = audit
        log = AccessLogEntry()
    }

    /// The route's index among the snapshot's upstreams; nil before it is known.
    public var upstream: Int? { route.map { snapshot.routes.routes[$0].upstream } }
    public var callDeadline: Deadline { deadline }
    /// The route's place in the table; nil before it is known.
    var routeIndex: Int? { route }

    // MARK: Events

    /// The header block is complete. Runs every stage that needs no body.
    public mutating func received(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings
    ) -> Verdict {
        guard case .waitingForHead = state else { preconditionFailure("one head per request") }
        begin(head, from: peer, surroundings)
        do throws(Rejection) {
            if let policy = snapshot.listener(listener).crossOrigin, !contentType.isGRPC,
                let reply = try answer(pageOf: head, policy, from: peer, surroundings)
            {
                return .reject(reply)
            }
            try checkFace(head)
            try checkHeaders(head, from: peer)
            nameRequest(head, surroundings)
            try findRoute(head)
            try checkAddress(head, from: peer, surroundings)
            try checkDeadline(head, surroundings)
            return try admit(head, from: peer, surroundings, round: 0)
        } catch {
            noteFailedLogin(error, head, from: peer, surroundings)
            return .reject(reject(error, head, surroundings))
        }
    }

    /// What is known before any stage.
    mutating func begin(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings
    ) {
        contentType = head.contentType
        isGet = head.method == .get
        isEncrypted = peer.isEncrypted
        listener = peer.listener
        hasCertificate = peer.certificate != nil
        entropy = surroundings.entropy
        log.listener = snapshot.listener(listener).name
        log.isEncrypted = peer.isEncrypted
        log.received = head.receivedAt
        log.peer = peer.address
        // What a GET has to say stands in its path, in JSON.
        log.face = isGet && contentType == .other ? .json : contentType
    }

    /// The limits have said what they say to the question that the request waited for.
    public mutating func received(
        _ decision: RateLimitDecision, to question: LimitQuestion, of head: RequestHead,
        _ surroundings: Surroundings
    ) -> Verdict {
        guard case .waitingForLimit = state else {
            preconditionFailure("a decision follows its question")
        }
        if let limitAsked {
            log.limitNanoseconds = surroundings.now.nanoseconds(since: limitAsked)
        }
        do throws(Rejection) {
            try apply(decision, to: question, surroundings)
            state = .waitingForBody
            return .read(try terms(head))
        } catch {
            return .reject(reject(error, head, surroundings))
        }
    }

    /// The keys that a request waited for have settled, or it has waited long enough.
    public mutating func resumed(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings
    ) -> Verdict {
        guard case .waitingForKeys(let round) = state else { preconditionFailure("it waits") }
        do throws(Rejection) {
            return try admit(head, from: peer, surroundings, round: round)
        } catch {
            noteFailedLogin(error, head, from: peer, surroundings)
            return .reject(reject(error, head, surroundings))
        }
    }

    /// The stages from authentication on.
    private mutating func admit(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings, round: Int
    ) throws(Rejection) -> Verdict {
        if let keys = try authenticate(head, from: peer, surroundings, round: round) {
            state = .waitingForKeys(round: round + 1)
            return .wait(.keys(keys))
        }
        noteLogin(head, surroundings)
        try authorize()
        try checkIdempotencyKey(head)
        if let question = try takeFromLimit(surroundings) {
            state = .waitingForLimit
            return .wait(.limit(question))
        }
        state = .waitingForBody
        return .read(try terms(head))
    }

    /// The request may go on: what to send to `upstream`, in front of its body.
    public mutating func forwarded(_ head: RequestHead) -> RawRequest {
        guard case .waitingForBody = state, let route else {
            preconditionFailure("what is forwarded was accepted")
        }
        state = .forwarding
        log.upstream = upstream.map { snapshot.configuration.upstreams[$0].name } ?? ""
        let method = snapshot.routes.routes[route].method
        var request = RawRequest(
            method: head.method, target: head.target,
            headers: upstreamFields(head), body: [], idempotency: method.idempotency,
            retry: method.retry)
        request.kind = method.kind
        return request
    }

    func upstreamFields(_ head: RequestHead) -> Metadata {
        HeaderPolicy.upstreamFields(
            head, requestID: log.requestID, principal: principal, criticality: criticality,
            believesForwarded: findings.believesForwarded)
    }

    /// The service could not be reached, or did not answer in time.
    public mutating func failed(_ error: RPCError, at now: Instant) -> RawReply {
        guard case .forwarding = state else { preconditionFailure("a failure follows a request") }
        state = .ended
        // What went wrong inside names our machines: that is for the log, not for the caller.
        let named = RPCError(
            code: error.code, message: Self.outsideMessage(error.code),
            reason: error.reason ?? (error.code == .unavailable ? "UPSTREAM_LOST" : nil),
            retryAfter: error.retryAfter)
        log.detail = error.message
        var reply = RawReply(named, contentType: isGet ? .json : contentType)
        reply.headers.append(name: AssayHeader.requestID.utf8, value: log.requestID.utf8)
        decorate(&reply.headers)
        log.stage = .forward
        log.http = reply.status
        log.status = named.code
        log.reason = named.reason ?? ""
        log.ended = now
        return reply
    }

    // MARK: Helpers of the events

    private static func outsideMessage(_ code: StatusCode) -> String {
        switch code {
        case .unavailable: "the service is not reachable"
        case .deadlineExceeded: "the deadline is over"
        case .cancelled: "the call was cancelled"
        case .resourceExhausted: "the service has too much to do, or its reply is too large"
        default: "the service did not answer as it should"
        }
    }

    mutating func reject(
        _ rejection: Rejection, _ head: RequestHead, _ surroundings: Surroundings
    ) -> RawReply {
        state = .ended
        var reply = rejection.rendered(isGet ? .json : contentType)
        if !log.requestID.isEmpty {
            reply.headers.append(name: AssayHeader.requestID.utf8, value: log.requestID.utf8)
        }
        decorate(&reply.headers)
        log.stage = rejection.stage
        log.reason = rejection.reason
        log.rule = rejection.rule
        log.status = rejection.error.code
        log.http = reply.status
        log.ended = surroundings.now
        return reply
    }

    /// What replies to clients of plain HTTP carry besides.
    func decorate(_ headers: inout Metadata) {
        if let page { snapshot.listener(listener).crossOrigin?.allow(page, in: &headers) }
        guard contentType == .json || contentType == .other || isGet else { return }
        HeaderPolicy.appendJSONFields(&headers, isGet: isGet, isEncrypted: isEncrypted)
        if let limitFields {
            headers.append("ratelimit-policy", limitFields.policy)
            headers.append("ratelimit", limitFields.state)
        }
    }

    /// The last stage before the body: the call is in flight from here on.
    private mutating func terms(_ head: RequestHead) throws(Rejection) -> Acceptance {
        guard let route else { preconditionFailure("the route stage has passed") }
        try checkAudit(route)
        try enterFlight()
        let found = snapshot.routes.routes[route]
        if isGet { try checkQuery(head, limit: found.maximumJSONBytes) }
        // Packed messages pass as they are: the service that unpacks them judges them.
        var terms = Acceptance(
            maximumBytes: contentType.isGRPC
                ? found.method.maximumRequestBytes : found.maximumJSONBytes,
            isFramed: contentType.isGRPC, deadline: deadline, kind: found.method.kind,
            encoding: .gzip, route: route)
        terms.isForwarded = true
        return terms
    }
}
