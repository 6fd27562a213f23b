internal import RPC

/// What a configuration says of tenants, clients and roles, at hand for principals that are only known
/// when they call: those of tokens and certificates.
struct PrincipalResolver: Sendable {
    /// Who a credential says that somebody is.
    struct Grant {
        var tenant: String
        var client: String
        var scopes: [String]
        var roles: [String]
        var credential: Principal.Credential
        var expires: Int64?
    }

    private struct Tenant: Sendable {
        let isActive: Bool
        let scopes: ScopeSet
    }

    private struct Client: Sendable {
        let plan: Int
        let isSuspended: Bool
        let criticality: Criticality?
    }

    private let scopes: ScopeTable
    private let tenants: [String: Tenant]
    private let roles: [String: ScopeSet]
    private let clients: [String: Client]
    private let standardPlan: Int
    /// By plan; nil leaves it to the method.
    private let criticality: [Criticality?]

    /// - Parameter scopes: Learns what tenants and roles name.
    init(
        _ configuration: GatewayConfiguration, scopes: inout ScopeTable
    ) throws(ConfigurationError) {
        var tenants: [String: Tenant] = [:]
        for (name, tenant) in configuration.tenants.sorted(by: { $0.key < $1.key }) {
            tenants[name] = Tenant(
                isActive: tenant.isActive, scopes: try scopes.insert(all: tenant.scopes))
        }
        var roles: [String: ScopeSet] = [:]
        for (name, names) in configuration.roles.sorted(by: { $0.key < $1.key }) {
            roles[name] = try scopes.insert(all: names)
        }
        func plan(_ name: String) -> Int? {
            configuration.plans.firstIndex { $0.name == name }
        }
        standardPlan = plan(GatewayConfiguration.Plan.standard.name) ?? 0
        let standard = standardPlan
        clients = configuration.clients.mapValues { client in
            Client(
                plan: client.plan.flatMap(plan) ?? standard, isSuspended: client.isSuspended,
                criticality: client.criticality)
        }
        criticality = configuration.plans.map(\.criticality)
        self.tenants = tenants
        self.roles = roles
        self.scopes = scopes
    }

    /// Nil if the tenant is not configured. Scopes and roles that are not are worth nothing: an
    /// issuer has more of them than concern us.
    func principal(_ grant: Grant) -> Principal? {
        guard let tenant = tenants[grant.tenant] else { return nil }
        var granted = ScopeSet.none
        for name in grant.scopes {
            if let scope = scopes.scope(name) { granted = granted.union(scope) }
        }
        for name in grant.roles {
            if let role = roles[name] { granted = granted.union(role) }
        }
        let effective = granted.intersection(tenant.scopes)
        let name = "\(grant.tenant)/\(grant.client)"
        let client = clients[name]
        let plan = client?.plan ?? standardPlan
        return Principal(
            tenant: grant.tenant, client: grant.client, keyID: name, scopes: effective,
            scopeHeader: scopes.names(of: effective).sorted().joined(separator: " "), plan: plan,
            isSuspended: client?.isSuspended ?? false || !tenant.isActive,
            criticality: client?.criticality ?? criticality[plan], credential: grant.credential,
            expires: grant.expires)
    }
}
