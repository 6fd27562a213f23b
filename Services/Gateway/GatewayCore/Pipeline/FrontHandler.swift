public import RPC

/// What clients reach: the gateway's own services, which are those of the package `grpc`, and
/// everything behind it.
public struct FrontHandler: RequestHandler {
    private let own: ServiceRouter
    private let callers: APIKeyAuthorizer
    private let gateway: GatewayHandler
    /// The paths of own methods that are not public.
    private let guarded: Set<String>

    /// - Parameters:
    ///   - own: health, and reflection if it is switched on.
    ///   - callers: who may call them; the same that `own` asks.
    public init(own: ServiceRouter, callers: APIKeyAuthorizer, gateway: GatewayHandler) {
        self.own = own
        self.callers = callers
        self.gateway = gateway
        guarded = Set(
            own.methods.compactMap { method in
                if case .scope = method.access { method.path } else { nil }
            })
    }

    private func isOwn(_ head: RequestHead) -> Bool {
        head.withBytes(head.pathField) { $0.starts(with: "/grpc.".utf8) }
    }

    public func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        guard isOwn(head) else {
            return GatewayHandler.isDescription(head)
                ? gateway.describe(head, from: peer) : gateway.admit(head, from: peer)
        }
        let isGuarded = guarded.contains(head.path)
        let refusal = gateway.refusal(
            byAddress: head, from: peer,
            credential: isGuarded ? callers.credentialHash(head, from: peer) : nil)
        if let refusal { return refusal }
        let admission = own.admit(head, from: peer)
        guard isGuarded, case .accept(let terms) = admission else { return admission }
        return limited(terms, head, from: peer)
    }

    /// Takes the call from its client's rate, where all calls of the client are counted.
    private func limited(
        _ terms: Acceptance, _ head: RequestHead, from peer: Peer
    ) -> Admission {
        let pending = PendingAdmission(deadline: terms.deadline, route: terms.route)
        do throws(RPCError) {
            let decision = try callers.take(head, from: peer) { decision in
                pending.decide(admission(decision, terms, head))
            }
            return decision.map { admission($0, terms, head) } ?? .wait(pending)
        } catch {
            return .refuse(own.reply(to: head, for: error), error)
        }
    }

    private func admission(
        _ decision: RateLimitDecision, _ terms: Acceptance, _ head: RequestHead
    ) -> Admission {
        let error: RPCError
        switch decision.outcome {
        case .admitted: return .accept(terms)
        case .unavailable:
            error = RPCError(
                .unavailable, "the limits cannot be checked at the moment",
                reason: "LIMITER_UNAVAILABLE")
        case .limited(_, let wait):
            error = RPCError(
                code: .resourceExhausted, message: "over the rate of the client's plan",
                reason: "RATE_LIMITED", retryAfter: .nanoseconds(wait))
        }
        return .refuse(own.reply(to: head, for: error), error)
    }

    public func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        isOwn(request.head) ? own.handle(request) : gateway.handle(request)
    }

    public func forward(
        _ request: borrowing InboundRequest, to caller: any RawCaller
    ) -> any RawForward {
        gateway.forward(request, to: caller)
    }

    public func reply(
        to head: RequestHead, for error: RPCError, from peer: Peer
    ) -> RawReply {
        isOwn(head)
            ? own.reply(to: head, for: error) : gateway.reply(to: head, for: error, from: peer)
    }
}
