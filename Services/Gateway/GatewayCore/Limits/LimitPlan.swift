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

    /// - Parameters:
    ///   - all: the plans of the configuration, this one among them.
    ///   - tenants: limits in place of the plan's tenant level.
    init(
        _ plan: GatewayConfiguration.Plan, among all: [GatewayConfiguration.Plan],
        tenants: [String: GatewayConfiguration.RateRule], routes: RouteTable
    ) {
        name = plan.name
        joinsCredentials = plan.client.isPerClient
        let depths = SharedDepths(all)
        others = Self.sets(plan, plan.tenant, depths, routes)
        sets = tenants.mapValues { limit in
            // The only one that counts for this tenant.
            var own = depths
            own.tenant = 0
            return Self.sets(plan, limit, own, routes)
        }
    }

    /// τ of the deepest rules that plans have in common names, in microseconds.
    private struct SharedDepths {
        var tenant: Int64 = 0
        var client: Int64 = 0
        var methods: [String: Int64] = [:]

        init(_ plans: [GatewayConfiguration.Plan]) {
            tenant = plans.compactMap { $0.tenant.map { LimitRule(.tenant, $0).depth } }.max() ?? 0
            // All credentials of a client have one plan, but for API keys that name their own.
            for plan in plans
            where plan.client.isPerClient || plan.name == GatewayConfiguration.Plan.standard.name {
                client = max(client, LimitRule(.client, plan.client).depth)
                for entry in plan.methods {
                    let depth = LimitRule(.method, entry.rule).depth
                    methods[entry.method] = max(methods[entry.method] ?? 0, depth)
                }
            }
        }
    }

    private static func sets(
        _ plan: GatewayConfiguration.Plan, _ tenant: GatewayConfiguration.RateRule?,
        _ depths: SharedDepths, _ routes: RouteTable
    ) -> RouteSets {
        var rules: [LimitRule] = []
        if let tenant { rules.append(LimitRule(.tenant, tenant, sharing: depths.tenant)) }
        rules.append(LimitRule(.client, plan.client, sharing: depths.client))
        var sets = RouteSets(standard: LimitRuleSet(rules))
        for (index, route) in routes.routes.enumerated() {
            guard
                let found = plan.methods.first(where: { $0.method == route.method.path.dropFirst() }
                )
            else { continue }
            let depth = depths.methods[found.method] ?? 0
            sets.routes[index] = LimitRuleSet(
                rules + [LimitRule(.method, found.rule, sharing: depth)])
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
    /// - Parameter depth: τ of the deepest other rule under the same name.
    fileprivate init(
        _ level: Level, _ rule: GatewayConfiguration.RateRule, sharing depth: Int64 = 0
    ) {
        let failure: StoreFailure =
            switch rule.onStoreFailure {
            case .localShare: .localShare
            case .deny: .deny
            case .allow: .allow
            }
        self.init(
            level: level, rate: rule.rate, countsCost: rule.counts == .cost,
            isShadow: rule.isShadow, onStoreFailure: failure)
        sharedDepth = max(sharedDepth, depth)
    }
}
