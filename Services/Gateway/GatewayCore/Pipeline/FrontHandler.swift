public import RPC

/// What clients reach: the gateway's own services, which are those of the package `grpc`, and
/// everything behind it.
public struct FrontHandler: RequestHandler {
    private let own: ServiceRouter
    private let gateway: GatewayHandler

    /// - Parameter own: health, and reflection if it is switched on.
    public init(own: ServiceRouter, gateway: GatewayHandler) {
        self.own = own
        self.gateway = gateway
    }

    private func isOwn(_ head: RequestHead) -> Bool {
        head.withBytes(head.pathField) { $0.starts(with: "/grpc.".utf8) }
    }

    public func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        guard isOwn(head) else { return gateway.admit(head, from: peer) }
        return gateway.refusal(byAddress: head, from: peer) ?? own.admit(head, from: peer)
    }

    public func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        isOwn(request.head) ? own.handle(request) : gateway.handle(request)
    }

    public func forward(
        _ request: borrowing InboundRequest, to caller: any RawCaller
    ) -> any RawForward {
        gateway.forward(request, to: caller)
    }

    public func reply(to head: RequestHead, for error: RPCError) -> RawReply {
        isOwn(head) ? own.reply(to: head, for: error) : gateway.reply(to: head, for: error)
    }
}

/// Who may call the gateway's own services: everyone what is public; else an API key with the scope,
/// inside its rate.
public struct APIKeyAuthorizer: Authorizer {
    private let serving: ServingSlot
    private let limits: GatewayLimits
    private let clock: GatewayClock

    public init(serving: ServingSlot, limits: GatewayLimits, clock: GatewayClock) {
        self.serving = serving
        self.limits = limits
        self.clock = clock
    }

    public func authorize(
        _ method: MethodDescriptor, _ head: RequestHead, from peer: Peer
    ) throws(RPCError) -> Caller {
        guard case .scope(let scope, _) = method.access else { return .anonymous }
        let snapshot = serving.current.snapshot
        let principal = try authenticate(head, from: peer, snapshot)
        if principal.isSuspended {
            throw RPCError(.permissionDenied, "the client is suspended", reason: "SUSPENDED")
        }
        let granted = snapshot.scopes.names(of: principal.scopes)
        guard granted.contains(scope) else {
            throw RPCError(.permissionDenied, "the scope \(scope) is needed", reason: "SCOPE")
        }
        // By what this process knows: few call these, and they wait for nobody.
        let decision = limits.rates.decideHere(
            snapshot.plans[principal.plan].limits.question(principal),
            now: Int64(clamping: head.receivedAt.nanoseconds))
        switch decision.outcome {
        case .admitted: break
        case .unavailable:
            throw RPCError(
                .unavailable, "the limits cannot be checked at the moment",
                reason: "LIMITER_UNAVAILABLE")
        case .limited(_, let wait):
            throw RPCError(
                code: .resourceExhausted, message: "over the rate of the client's plan",
                reason: "RATE_LIMITED", retryAfter: .nanoseconds(wait))
        }
        return Caller(tenant: principal.tenant, client: principal.client, scopes: granted)
    }

    private func authenticate(
        _ head: RequestHead, from peer: Peer, _ snapshot: GatewaySnapshot
    ) throws(RPCError) -> Principal {
        let findings = HeaderPolicy.inspect(
            head, authorities: snapshot.listener(peer.listener).authorities)
        if findings.violation != nil {
            throw RPCError(.permissionDenied, "these headers are not accepted", reason: "HEADER")
        }
        let credential: Authenticator.Credential?
        do throws(Rejection) {
            credential = try RequestPipeline.credential(of: head, findings)
        } catch {
            throw error.error
        }
        let circumstances = Authenticator.Circumstances(
            wallClock: clock.unixMilliseconds() / 1000, now: head.receivedAt,
            certificate: peer.certificate)
        switch snapshot.authenticator.authenticate(credential, circumstances) {
        case .principal(let principal): return principal
        case .refused(let refusal): throw Rejection(refusal).error
        case .wait:
            throw RPCError(
                .unavailable, "the issuer's keys are being fetched", reason: "KEYS_PENDING")
        }
    }
}
