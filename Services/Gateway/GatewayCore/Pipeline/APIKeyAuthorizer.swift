public import RPC

/// Who may call the gateway's own services: everyone what is public; else a known client with the
/// scope. What it calls counts to its rate.
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
        let principal = try logIn(head, from: peer, snapshot)
        if principal.isSuspended {
            throw RPCError(.permissionDenied, "the client is suspended", reason: "SUSPENDED")
        }
        let granted = snapshot.scopes.names(of: principal.scopes)
        guard granted.contains(scope) else {
            throw RPCError(.permissionDenied, "the scope \(scope) is needed", reason: "SCOPE")
        }
        return Caller(tenant: principal.tenant, client: principal.client, scopes: granted)
    }

    /// Takes a call of somebody who was authorized from its limits: at once, or `done` is called later.
    func take(
        _ head: RequestHead, from peer: Peer,
        _ done: @escaping @Sendable (RateLimitDecision) -> Void
    ) throws(RPCError) -> RateLimitDecision? {
        let snapshot = serving.current.snapshot
        // Once more, since what the router keeps of a caller does not name its plan.
        let principal = try authenticate(head, from: peer, snapshot)
        return limits.rates.decide(
            snapshot.plans[principal.plan].limits.question(principal),
            now: Int64(clamping: clock.now().nanoseconds), done)
    }

    // MARK: Logins

    func credentialHash(_ head: RequestHead, from peer: Peer) -> UInt64? {
        let listener = serving.current.snapshot.listener(peer.listener)
        return RequestPipeline.credentialHash(
            head, HeaderPolicy.inspect(head, authorities: listener.authorities))
    }

    /// Failures count to the address, good credentials may go on if others of the address fail.
    private func logIn(
        _ head: RequestHead, from peer: Peer, _ snapshot: GatewaySnapshot
    ) throws(RPCError) -> Principal {
        let now = Int64(clamping: clock.now().nanoseconds)
        do throws(RPCError) {
            let principal = try authenticate(head, from: peer, snapshot)
            if let credential = credentialHash(head, from: peer) {
                limits.addresses.verified(credential, now: now)
            }
            return principal
        } catch {
            RequestPipeline.noteFailedLogin(
                error, head, from: peer, snapshot.addressLimits, limits.addresses, now: now)
            throw error
        }
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
