/// How one caller stands with its limits, by what this process knows: with a store, by what the store
/// said last.
public struct CallerStanding: Sendable {
    /// How it stands with one rule.
    public struct Rule: Sendable {
        public let rule: LimitRule
        /// The path of the method that the rule is about; nil of rules for all.
        public let method: String?
        public let remaining: Int
        /// Nanoseconds until the whole burst is there again.
        public let untilFull: Int64
    }

    /// What need not be asked of the store for calls of one method.
    public struct Remembered: Sendable {
        public let method: String
        /// Nanoseconds for which a refusal is repeated.
        public let refusedFor: Int64
        /// Tokens that were taken ahead, and count as spent above.
        public let leased: Int
    }

    public let tenant: String
    public let client: String
    /// The API key's id; nil if all credentials of the client count together, or it is none.
    public let keyID: String?
    public let plan: String
    public let rules: [Rule]
    public let remembered: [Remembered]
}

extension GatewayLimits {
    private static let maximumCallers = 64

    /// How the callers of a client stand. Nothing is taken from anybody.
    ///
    /// - Parameters:
    ///   - name: "tenant/client", or the id of an API key.
    ///   - now: Nanoseconds of the clock that calls are decided by.
    /// - Returns: One for each credential that is counted apart; none if nobody has the name.
    public func standings(
        of name: String, in snapshot: GatewaySnapshot, now: Int64
    ) -> [CallerStanding] {
        var seen: Set<String> = []
        return Self.principals(named: name, in: snapshot).compactMap { principal in
            let plan = snapshot.plans[principal.plan]
            let question = plan.limits.question(principal)
            guard seen.insert("\(question.isClient) \(question.caller)").inserted else {
                return nil
            }
            return CallerStanding(
                tenant: principal.tenant, client: principal.client,
                keyID: question.isClient ? nil : principal.keyID, plan: plan.name,
                rules: rules(principal, plan.limits, snapshot, now: now),
                remembered: remembered(principal, plan.limits, snapshot, now: now))
        }
    }

    private func rules(
        _ principal: Principal, _ plan: LimitPlan, _ snapshot: GatewaySnapshot, now: Int64
    ) -> [CallerStanding.Rule] {
        let question = plan.question(principal)
        var rules = rates.standings(question, now: now).map { rule, remaining, untilFull in
            CallerStanding.Rule(
                rule: rule, method: nil, remaining: remaining, untilFull: untilFull)
        }
        for (index, route) in snapshot.routes.routes.enumerated() {
            let own = plan.question(principal, route, index: index)
            for (rule, remaining, untilFull) in rates.standings(own, now: now)
            where rule.level == .method {
                rules.append(
                    CallerStanding.Rule(
                        rule: rule, method: route.method.path, remaining: remaining,
                        untilFull: untilFull))
            }
        }
        return rules
    }

    private func remembered(
        _ principal: Principal, _ plan: LimitPlan, _ snapshot: GatewaySnapshot, now: Int64
    ) -> [CallerStanding.Remembered] {
        snapshot.routes.routes.enumerated().compactMap { index, route in
            let question = plan.question(principal, route, index: index)
            let (refusedFor, leased) = rates.remembered(question, now: now)
            guard refusedFor > 0 || leased > 0 else { return nil }
            return CallerStanding.Remembered(
                method: route.method.path, refusedFor: refusedFor, leased: leased)
        }
    }

    /// Those of the key file, and who shows a token or a certificate.
    private static func principals(
        named name: String, in snapshot: GatewaySnapshot
    ) -> [Principal] {
        let configuration = snapshot.configuration
        func principal(
            _ tenant: String, _ client: String, _ keyID: String?, plan written: String?
        ) -> Principal? {
            let plan =
                configuration.clients["\(tenant)/\(client)"]?.plan ?? written
                ?? GatewayConfiguration.Plan.standard.name
            return configuration.plans.firstIndex { $0.name == plan }.map { plan in
                Principal(
                    tenant: tenant, client: client, keyID: keyID ?? "\(tenant)/\(client)",
                    scopes: .none, scopeHeader: "", plan: plan, isSuspended: false,
                    credential: keyID == nil ? .token : .apiKey)
            }
        }
        var all: [Principal] = snapshot.keys.entries.lazy
            .filter { $0.id == name || "\($0.tenant)/\($0.client)" == name }
            .prefix(maximumCallers)
            .compactMap { principal($0.tenant, $0.client, $0.id, plan: $0.plan) }
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, configuration.tenants[String(parts[0])] != nil else { return all }
        let authentication = configuration.authentication
        let isNamed =
            configuration.clients[name] != nil
            || authentication.certificates.contains { "\($0.tenant)/\($0.client)" == name }
        if !authentication.issuers.isEmpty || isNamed,
            let other = principal(String(parts[0]), String(parts[1]), nil, plan: nil)
        {
            all.append(other)
        }
        return all
    }
}

extension RateLimiter {
    /// How a caller stands with the rules of a question, without taking anything.
    func standings(
        _ question: LimitQuestion, now: Int64
    ) -> [(rule: LimitRule, remaining: Int, untilFull: Int64)] {
        // A store's word is of the whole rule; what is decided here is of this replica's part.
        let count = hasStore && storeState == 0 ? 1 : replicas.value
        return share.table.withPart(question.groupHash(share.table.seed)) { slots in
            question.rules.map { rule in
                let arrival = slots.arrival(
                    of: question.hash(rule.level, share.table.seed), now: now)
                let standing = rule.limiter.share(of: count).decide(
                    arrival: arrival, now: now, cost: 0)
                return (rule, standing.remaining, standing.untilFull)
            }
        }
    }

    func remembered(
        _ question: LimitQuestion, now: Int64
    ) -> (refusedFor: Int64, leased: Int) {
        leases.look(question.wholeHash(seed), now: now)
    }
}
