internal import RPC

/// The last stage before the body: who may be in flight beside whom, and what must be written down.
extension RequestPipeline {
    /// A method whose calls must be written down is refused while they cannot be.
    func checkAudit(_ route: Int) throws(Rejection) {
        guard snapshot.settings[route].isAudited, let audit, !audit.isOpen else { return }
        throw Rejection(
            .load, .unavailable, "AUDIT_UNAVAILABLE",
            "this call cannot be written down at the moment, which it must be", httpStatus: 503)
    }

    mutating func enterFlight() throws(Rejection) {
        log.criticality = criticality
        guard let admission else { return }
        let plan = principal.map { snapshot.configuration.plans[$0.plan].concurrency }
        do throws(AdmissionControl.Refusal) {
            inFlight = try admission.enter(
                principal, plan ?? .standard, criticality,
                capacity: snapshot.configuration.capacity.inFlight)
        } catch {
            throw rejection(error)
        }
    }

    private func rejection(_ refusal: AdmissionControl.Refusal) -> Rejection {
        let (reason, message, wait, status): (String, String, Int64, Int) =
            switch refusal {
            case .clientConcurrency(let limit):
                ("CONCURRENCY", "the client has \(limit) calls in flight, its limit", 100, 429)
            case .tenantConcurrency(let limit):
                ("CONCURRENCY", "the tenant has \(limit) calls in flight, its limit", 100, 429)
            case .overloaded: ("OVERLOADED", "there is too much to do at the moment", 1000, 503)
            }
        let rule =
            switch refusal {
            case .clientConcurrency: "client"
            case .tenantConcurrency: "tenant"
            case .overloaded: ""
            }
        var rejection = Rejection(
            .load,
            RPCError(
                code: .resourceExhausted, message: message, reason: reason,
                retryAfter: .milliseconds(wait)))
        rejection.httpStatus = status
        rejection.rule = rule
        // Up to a fifth more, so that refused callers do not come back together.
        rejection.pushbackMilliseconds = wait + Int64(entropy % UInt64(wait / 5 + 1))
        return rejection
    }
}
