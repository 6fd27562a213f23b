internal import RPC

/// The stages that count: by address before anyone knows who calls, by tenant, client and method
/// afterwards.
extension RequestPipeline {
    // MARK: Addresses

    mutating func checkAddress(
        _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings
    ) throws(Rejection) {
        guard let route else { preconditionFailure("the route stage has passed") }
        let isPublic = snapshot.routes.routes[route].requiredScope == nil
        try Self.checkAddress(
            head, from: peer, snapshot.addressLimits, limits.addresses,
            isCounted: isPublic || snapshot.addressLimits.countsAllCalls,
            credential: isPublic ? nil : credentialHash(head), surroundings)
    }

    /// - Parameters:
    ///   - isCounted: whether the call counts to its address's rate.
    ///   - credential: what `credentialHash` says of what it wants to log in with, if anything.
    static func checkAddress(
        _ head: RequestHead, from peer: Peer, _ rules: AddressLimits, _ limiter: AddressLimiter,
        isCounted: Bool, credential: @autoclosure () -> UInt64?, _ surroundings: Surroundings
    ) throws(Rejection) {
        let now = Int64(clamping: surroundings.now.nanoseconds)
        let hasFailures = limiter.hasFailures(now: now)
        guard isCounted || hasFailures, let origin = origin(of: head, from: peer, rules) else {
            return
        }
        if isCounted {
            let decision = limiter.admit(origin, rules.calls, now: now)
            if !decision.isAdmitted {
                throw tooMany(
                    "ADDRESS_RATE", by: "address", "too many requests from this address",
                    decision.wait, surroundings)
            }
        }
        guard hasFailures, let wait = limiter.wait(origin, rules.failedLogins, now: now),
            let credential = credential(), !limiter.wasVerified(credential, now: now)
        else { return }
        throw tooMany(
            "FAILED_LOGINS", by: "failed_logins", "too many failed logins from this address", wait,
            surroundings)
    }

    private static func tooMany(
        _ reason: String, by rule: String, _ message: String, _ wait: Int64,
        _ surroundings: Surroundings
    ) -> Rejection {
        var rejection = Rejection(
            .address,
            RPCError(
                code: .resourceExhausted, message: message, reason: reason,
                retryAfter: .nanoseconds(wait)))
        rejection.pushbackMilliseconds = pushback(wait, surroundings.entropy)
        rejection.rule = rule
        return rejection
    }

    private static func origin(
        of head: RequestHead, from peer: Peer, _ rules: AddressLimits
    ) -> AddressLimiter.Origin? {
        address(of: head, from: peer, rules).map(AddressLimiter.Origin.init)
    }

    private static func address(
        of head: RequestHead, from peer: Peer, _ rules: AddressLimits
    ) -> IPAddress? {
        rules.finder.address(
            peer: peer.address,
            forwarded: {
                let chain = head.fields.values("x-forwarded-for")
                return chain.isEmpty ? nil : chain.joined(separator: ",")
            }())
    }

    /// Who asks, as the log has it, where the peer only passes requests on.
    static func caller(_ head: RequestHead, from peer: Peer, _ rules: AddressLimits) -> String {
        guard let address = address(of: head, from: peer, rules) else { return peer.address }
        return address.isVersion4 ? "\(address):0" : "[\(address)]:0"
    }

    private func credentialHash(_ head: RequestHead) -> UInt64? {
        Self.credentialHash(head, findings)
    }

    /// A number for the credential in the headers that nobody outside can foresee; nil if there is none.
    static func credentialHash(_ head: RequestHead, _ findings: HeaderFindings) -> UInt64? {
        guard findings.apiKey != nil || findings.authorization != nil else { return nil }
        var hasher = Hasher()
        for range in [findings.apiKey, findings.authorization] {
            guard let range else { continue }
            head.fields.arena[range].withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Who has just logged in may go on if others of the same address fail.
    func noteLogin(_ head: RequestHead, _ surroundings: Surroundings) {
        guard principal != nil, let credential = credentialHash(head) else { return }
        limits.addresses.verified(
            credential, now: Int64(clamping: surroundings.now.nanoseconds))
    }

    /// A credential was shown and is no good. That none was shown is no attempt.
    func noteFailedLogin(
        _ rejection: Rejection, _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings
    ) {
        guard rejection.stage == .authenticate else { return }
        Self.noteFailedLogin(
            rejection.error, head, from: peer, snapshot.addressLimits, limits.addresses,
            now: Int64(clamping: surroundings.now.nanoseconds))
    }

    static func noteFailedLogin(
        _ error: RPCError, _ head: RequestHead, from peer: Peer, _ rules: AddressLimits,
        _ limiter: AddressLimiter, now: Int64
    ) {
        guard error.code == .unauthenticated, error.reason != "NO_CREDENTIALS",
            let origin = origin(of: head, from: peer, rules)
        else { return }
        limiter.failed(origin, rules.failedLogins, now: now)
    }

    // MARK: Plans

    /// Takes the call from its limits if this process decides that alone; else returns what to ask.
    mutating func takeFromLimit(_ surroundings: Surroundings) throws(Rejection) -> LimitQuestion? {
        guard let route, let principal else { return nil }
        let found = snapshot.routes.routes[route]
        let question = snapshot.plans[principal.plan].limits.question(
            principal, found, index: route)
        log.hasLimit = true
        if limits.rates.hasStore {
            limitAsked = surroundings.clock()
            return question
        }
        let decision = limits.rates.decideHere(
            question, now: Int64(clamping: surroundings.now.nanoseconds))
        try apply(decision, to: question, surroundings)
        return nil
    }

    mutating func apply(
        _ decision: RateLimitDecision, to question: LimitQuestion, _ surroundings: Surroundings
    ) throws(Rejection) {
        if let tightest = decision.tightest, !contentType.isGRPC || !decision.isAdmitted {
            let rule = question.rules[tightest.rule]
            let seconds = (max(0, tightest.untilFull) + 999_999_999) / 1_000_000_000
            limitFields = (
                rule.policy, "\"\(rule.level)\";r=\(tightest.remaining);t=\(seconds)"
            )
        }
        switch decision.outcome {
        case .admitted: return
        case .unavailable(let level):
            var rejection = Rejection(
                .limit, .unavailable, "LIMITER_UNAVAILABLE",
                "the limits cannot be checked at the moment")
            rejection.rule = level.description
            throw rejection
        case .limited(let level, let wait):
            throw overLimit(question, level, wait, surroundings)
        }
    }

    private func overLimit(
        _ question: LimitQuestion, _ level: LimitRule.Level, _ wait: Int64,
        _ surroundings: Surroundings
    ) -> Rejection {
        var message = "over the limit of the \(level)"
        if let rate = question.rules.first(where: { $0.level == level })?.rate {
            message += ": \(rate.limit) per \(rate.period.components.seconds) s"
        }
        if let principal { message += " (plan \(snapshot.plans[principal.plan].name))" }
        var rejection = Rejection(
            .limit,
            RPCError(
                code: .resourceExhausted, message: message, reason: "RATE_LIMITED",
                retryAfter: .nanoseconds(wait)))
        rejection.pushbackMilliseconds = Self.pushback(wait, surroundings.entropy)
        rejection.rule = level.description
        if contentType.isGRPC, let limitFields {
            rejection.fields = [
                ("ratelimit-policy", limitFields.policy), ("ratelimit", limitFields.state),
            ]
        }
        return rejection
    }

    /// The wait and up to a fifth more, so that refused callers do not come back together; above
    /// 10 s the caller had better not wait.
    static func pushback(_ wait: Int64, _ entropy: UInt64) -> Int64 {
        let milliseconds = wait / 1_000_000 + (wait % 1_000_000 == 0 ? 0 : 1)
        guard milliseconds <= 10_000 else { return -1 }
        return milliseconds + Int64(entropy % UInt64(milliseconds / 5 + 1))
    }
}
