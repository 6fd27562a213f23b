internal import RPC

/// What can only be judged with the schemas at hand: that methods exist, and that none costs more
/// than the burst of a rule it falls under, since it could never be called.
struct ConfigurationCheck {
    private let configuration: GatewayConfiguration
    private let routes: RouteTable
    private let known: [MethodDescriptor]

    init(_ configuration: GatewayConfiguration, _ routes: RouteTable, known: [MethodDescriptor]) {
        self.configuration = configuration
        self.routes = routes
        self.known = known
    }

    func run() throws(ConfigurationError) {
        for route in configuration.routes { try checkMethods(route) }
        for plan in configuration.plans {
            try checkCosts(plan.client, "the client level of plan \(plan.name)")
            if let tenant = plan.tenant {
                try checkCosts(tenant, "the tenant level of plan \(plan.name)")
            }
            for method in plan.methods { try check(method, plan: plan.name) }
        }
        for (name, tenant) in configuration.tenants.sorted(by: { $0.key < $1.key }) {
            if let limit = tenant.limit { try checkCosts(limit, "the limit of tenant \(name)") }
        }
    }

    private func checkMethods(_ route: GatewayConfiguration.Route) throws(ConfigurationError) {
        for (name, settings) in route.methods.sorted(by: { $0.key < $1.key }) {
            let path = "/\(route.service)/\(name)"
            guard !known.contains(where: { $0.path == path }) else { continue }
            let others = known.filter { $0.service == route.service }.map { String($0.name) }
            throw configuration.error(
                at: settings.place,
                "\(route.service) has no method \"\(name)\"\(Self.hint(name, others))")
        }
    }

    private func check(
        _ method: GatewayConfiguration.MethodRule, plan: String
    ) throws(ConfigurationError) {
        guard let found = known.first(where: { $0.path.dropFirst() == method.method }) else {
            let others = known.map { String($0.path.dropFirst()) }
            throw configuration.error(
                at: method.rule.place,
                "no schema has the method \"\(method.method)\"\(Self.hint(method.method, others))")
        }
        guard method.rule.counts == .cost, found.cost > method.rule.rate.burst else { return }
        throw tooExpensive(found, method.rule, "the rule of plan \(plan)")
    }

    private func checkCosts(
        _ rule: GatewayConfiguration.RateRule, _ name: String
    ) throws(ConfigurationError) {
        guard rule.counts == .cost else { return }
        for route in routes.routes where route.method.cost > rule.rate.burst {
            throw tooExpensive(route.method, rule, name)
        }
    }

    private func tooExpensive(
        _ method: MethodDescriptor, _ rule: GatewayConfiguration.RateRule, _ name: String
    ) -> ConfigurationError {
        configuration.error(
            at: rule.place,
            "\(method.path) costs \(method.cost), more than the burst of \(rule.rate.burst) of "
                + "\(name): it could never be called; write a burst of at least \(method.cost)")
    }

    private static func hint(_ name: String, _ known: [String]) -> String {
        let near = known.min { SafeText.distance($0, name) < SafeText.distance($1, name) }
        guard let near, SafeText.distance(near, name) <= 4 else { return "" }
        return ", did you mean \"\(near)\"?"
    }
}
