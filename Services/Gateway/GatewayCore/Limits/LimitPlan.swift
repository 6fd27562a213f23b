/// The rules that apply together, and a number of exactly these.
struct LimitRuleSet: Sendable, Hashable {
    let rules: [LimitRule]
    let fingerprint: UInt64

    init(_ rules: [LimitRule]) {
        self.rules = rules
        var hash = KeyHash(0)
        for rule in rules {
            hash.add(UInt8(rule.level.rawValue))
            for number in [rule.period, rule.limit, rule.depth] {
                hash.add(number: UInt64(number))
            }
            hash.add(UInt8(rule.countsCost ? 1 : 0))
            hash.add(UInt8(rule.isShadow ? 1 : 0))
        }
        fingerprint = hash.finished
    }
}

/// Everything that limits the clients of one plan, compiled: a call finds its rules without making
/// anything.
public struct LimitPlan: Sendable {
    public let name: String
    /// Whether all credentials of a client count together.
    private let joinsCredentials: Bool
    /// By tenants that have a limit of their own; "" is everybody else.
    private let sets: [String: RouteSets]
    private let others: RouteSets

    private struct RouteSets: Sendable {
        var standard: LimitRuleSet
        /// By route, where a method has a rule.
        var routes: [Int: LimitRuleSet] = [:]
    }

    /// - Parameter tenants: limits in place of the plan's tenant level.
    init(
        _ plan: GatewayConfiguration.Plan,
        tenants: [String: GatewayConfiguration.RateRule], routes: RouteTable
    ) {
        name = plan.name
        joinsCredentials = plan.client.isPerClient
        others = Self.sets(plan, tenant: plan.tenant, routes)
        sets = tenants.mapValues { Self.sets(plan, tenant: $0, routes) }
    }

    private static func sets(
        _ plan: GatewayConfiguration.Plan, tenant: GatewayConfiguration.RateRule?,
        _ routes: RouteTable
    ) -> RouteSets {
        var rules: [LimitRule] = []
        if let tenant { rules.append(LimitRule(.tenant, tenant)) }
        rules.append(LimitRule(.client, plan.client))
        var sets = RouteSets(standard: LimitRuleSet(rules))
        for (index, route) in routes.routes.enumerated() {
            guard
                let found = plan.methods.first(where: { $0.method == route.method.path.dropFirst() }
                )
            else { continue }
            sets.routes[index] = LimitRuleSet(rules + [LimitRule(.method, found.rule)])
        }
        return sets
    }

    /// What a call of `principal` asks.
    func question(_ principal: Principal, _ route: Route, index: Int) -> LimitQuestion {
        let sets = sets.isEmpty ? others : sets[principal.tenant] ?? others
        let set = sets.routes.isEmpty ? sets.standard : sets.routes[index] ?? sets.standard
        let isClient = joinsCredentials || principal.credential != .apiKey
        return LimitQuestion(
            rules: set.rules, fingerprint: set.fingerprint, tenant: principal.tenant,
            caller: isClient ? principal.client : principal.keyID, isClient: isClient,
            method: route.number, cost: route.method.cost)
    }

    /// What a call of the gateway's own services asks.
    func question(_ principal: Principal) -> LimitQuestion {
        let set = (sets[principal.tenant] ?? others).standard
        let isClient = joinsCredentials || principal.credential != .apiKey
        return LimitQuestion(
            rules: set.rules, fingerprint: set.fingerprint, tenant: principal.tenant,
            caller: isClient ? principal.client : principal.keyID, isClient: isClient,
            method: 0, cost: 1)
    }
}

extension LimitRule {
    fileprivate init(_ level: Level, _ rule: GatewayConfiguration.RateRule) {
        let failure: StoreFailure =
            switch rule.onStoreFailure {
            case .localShare: .localShare
            case .deny: .deny
            case .allow: .allow
            }
        self.init(
            level: level, rate: rule.rate, countsCost: rule.counts == .cost,
            isShadow: rule.isShadow, onStoreFailure: failure)
    }
}
