extension GatewayConfiguration {
    static func authorization(
        _ value: YAMLValue?
    ) throws(ConfigurationError) -> ([String: [String]], [String: Tenant]) {
        guard let value else { return ([:], [:]) }
        let fields = try value.fields(optional: ["roles", "tenants"])
        var roles: [String: [String]] = [:]
        for (key, scopes) in try fields["roles"]?.entries() ?? [] {
            roles[try key.name()] = try scopes.names()
        }
        var tenants: [String: Tenant] = [:]
        for (key, tenant) in try fields["tenants"]?.entries() ?? [] {
            let inner = try tenant.fields(required: ["scopes"], optional: ["active", "limit"])
            tenants[try key.name()] = Tenant(
                isActive: try inner["active"]?.boolean() ?? true,
                scopes: try inner["scopes"]?.names() ?? [],
                limit: try inner["limit"].map { (value) throws(ConfigurationError) in
                    try rule(value)
                }, place: key.place)
        }
        return (roles, tenants)
    }

    static func clients(
        _ value: YAMLValue?, plans: [Plan]
    ) throws(ConfigurationError) -> [String: Client] {
        var clients: [String: Client] = [:]
        for (key, client) in try value?.entries() ?? [] {
            let name = try key.string()
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ SafeText.isName(String($0)) }) else {
                throw key.error("expected tenant/client, found \"\(name)\"")
            }
            let fields = try client.fields(optional: ["plan", "suspended", "criticality"])
            let plan = try fields["plan"]?.name()
            if let plan, !plans.contains(where: { $0.name == plan }) {
                throw (fields["plan"] ?? client).error(
                    "there is no plan \"\(plan)\", only \(enumerated(Set(plans.map(\.name))))")
            }
            clients[name] = Client(
                plan: plan, isSuspended: try fields["suspended"]?.boolean() ?? false,
                criticality: try criticality(fields["criticality"]), place: key.place)
        }
        return clients
    }
}
