internal import RPC

extension GatewayConfiguration {
    /// Reads the file's text. Unknown keys, names that lead nowhere and numbers out of range are
    /// errors with line and column.
    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try YAMLValue(parsing: text, file: file)
        let fields = try root.fields(
            required: ["version", "listeners", "admin", "authentication", "routes", "upstreams"],
            optional: [
                "mesh", "authorization", "clients", "limits", "reflection", "service_config",
            ])
        _ = try fields["version"]?.integer(1...1)
        reflection = try fields["reflection"]?.boolean() ?? false
        serviceConfig = try fields["service_config"]?.string()
        listener = try Self.listener(fields["listeners"] ?? root)
        admin = try Self.admin(fields["admin"] ?? root)
        mesh = try fields["mesh"].map(Self.mesh)
        apiKeys = try Self.apiKeys(fields["authentication"] ?? root)
        (roles, tenants) = try Self.authorization(fields["authorization"])
        plans = try Self.plans(fields["limits"])
        upstreams = try Self.upstreams(fields["upstreams"] ?? root)
        clients = try Self.clients(fields["clients"], plans: plans)
        routes = try Self.routes(fields["routes"] ?? root, upstreams: upstreams)
    }

    private static func listener(_ value: YAMLValue) throws(ConfigurationError) -> Listener {
        let list = try value.list()
        guard list.count == 1 else { throw value.error("expected exactly one listener") }
        let fields = try list[0].fields(
            required: ["name", "port"], optional: ["address", "tls", "authorities"])
        var listener = Listener(
            name: "", address: "127.0.0.1", port: 0, tls: nil, authorities: [])
        listener.name = try fields["name"]?.name() ?? ""
        listener.address = try fields["address"]?.string() ?? "127.0.0.1"
        listener.port = try fields["port"]?.integer(0...65535) ?? 0
        listener.authorities = try fields["authorities"]?.names() ?? []
        if let tls = fields["tls"] {
            let files = try tls.fields(
                required: ["certificate", "key"], optional: ["clients"])
            listener.tls = ListenerTLS(
                certificate: try files["certificate"]?.string() ?? "",
                key: try files["key"]?.string() ?? "", clients: try files["clients"]?.string())
        }
        return listener
    }

    private static func admin(_ value: YAMLValue) throws(ConfigurationError) -> Admin {
        let fields = try value.fields(required: ["port"], optional: ["address"])
        return Admin(
            address: try fields["address"]?.string() ?? "127.0.0.1",
            port: try fields["port"]?.integer(0...65535) ?? 0)
    }

    private static func mesh(_ value: YAMLValue) throws(ConfigurationError) -> Mesh {
        let fields = try value.fields(required: ["certificate", "key", "bundle"])
        return Mesh(
            certificate: try fields["certificate"]?.string() ?? "",
            key: try fields["key"]?.string() ?? "", bundle: try fields["bundle"]?.string() ?? "")
    }

    private static func apiKeys(_ value: YAMLValue) throws(ConfigurationError) -> APIKeys {
        let fields = try value.fields(required: ["api_keys"])
        let inner = try (fields["api_keys"] ?? value).fields(required: ["file", "peppers"])
        var peppers: [Int: String] = [:]
        for (key, file) in try inner["peppers"]?.entries() ?? [] {
            peppers[try key.integer(1...1_000_000)] = try file.string()
        }
        guard !peppers.isEmpty else { throw value.error("at least one pepper is needed") }
        return APIKeys(file: try inner["file"]?.string() ?? "", peppers: peppers)
    }

    private static func authorization(
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
            let inner = try tenant.fields(required: ["scopes"], optional: ["active"])
            tenants[try key.name()] = Tenant(
                isActive: try inner["active"]?.boolean() ?? true,
                scopes: try inner["scopes"]?.names() ?? [])
        }
        return (roles, tenants)
    }

    private static func plans(_ value: YAMLValue?) throws(ConfigurationError) -> [Plan] {
        var plans: [Plan] = []
        let fields = try value?.fields(optional: ["plans"]) ?? [:]
        for (key, plan) in try fields["plans"]?.entries() ?? [] {
            let name = try key.name()
            let client = try plan.fields(required: ["client"])["client"] ?? plan
            let inner = try client.fields(
                required: ["limit", "period", "burst"], optional: ["counts", "criticality"])
            let limit = try inner["limit"]?.integer(1...1_000_000_000) ?? 1
            let period = try inner["period"]?.duration() ?? .seconds(1)
            let burst = try inner["burst"]?.integer(1...1_000_000_000) ?? 1
            guard let rate = RateLimit(limit: limit, period: period, burst: burst) else {
                throw client.error(
                    "a rate is at most 1,000,000 per second, over 1s to 31d in whole seconds, "
                        + "and its burst at most what 31d bring")
            }
            guard let counts = Counts(rawValue: try inner["counts"]?.string() ?? "requests") else {
                throw client.error("counts is requests or cost")
            }
            let criticality = try Self.criticality(inner["criticality"])
            plans.append(
                Plan(name: name, rate: rate, counts: counts, criticality: criticality))
        }
        if !plans.contains(where: { $0.name == Plan.standard.name }) { plans.append(.standard) }
        return plans
    }

    private static func criticality(_ value: YAMLValue?) throws(ConfigurationError) -> Criticality {
        guard let value else { return .normal }
        let name = try value.string()
        guard let known = Criticality.allCases.first(where: { "\($0)" == name }) else {
            throw value.error("criticality is critical, normal or sheddable")
        }
        return known
    }

    private static func clients(
        _ value: YAMLValue?, plans: [Plan]
    ) throws(ConfigurationError) -> [String: Client] {
        var clients: [String: Client] = [:]
        for (key, client) in try value?.entries() ?? [] {
            let name = try key.string()
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ SafeText.isName(String($0)) }) else {
                throw key.error("expected tenant/client, found \"\(name)\"")
            }
            let fields = try client.fields(optional: ["plan", "suspended"])
            let plan = try fields["plan"]?.name()
            if let plan, !plans.contains(where: { $0.name == plan }) {
                throw (fields["plan"] ?? client).error("there is no plan \"\(plan)\"")
            }
            clients[name] = Client(
                plan: plan, isSuspended: try fields["suspended"]?.boolean() ?? false)
        }
        return clients
    }

    private static func upstreams(_ value: YAMLValue) throws(ConfigurationError) -> [Upstream] {
        var upstreams: [Upstream] = []
        for (key, upstream) in try value.entries() {
            let fields = try upstream.fields(required: ["target"], optional: ["expect"])
            var expect: [String] = []
            for item in try fields["expect"]?.list() ?? [] { expect.append(try item.string()) }
            upstreams.append(
                Upstream(
                    name: try key.name(), target: try fields["target"]?.string() ?? "",
                    expect: expect))
        }
        return upstreams
    }

    private static func routes(
        _ value: YAMLValue, upstreams: [Upstream]
    ) throws(ConfigurationError) -> [Route] {
        var routes: [Route] = []
        for item in try value.list() {
            let fields = try item.fields(required: ["service", "upstream"])
            let route = Route(
                service: try fields["service"]?.name() ?? "",
                upstream: try fields["upstream"]?.name() ?? "")
            guard upstreams.contains(where: { $0.name == route.upstream }) else {
                throw item.error("there is no upstream \"\(route.upstream)\"")
            }
            guard !routes.contains(where: { $0.service == route.service }) else {
                throw item.error("\"\(route.service)\" is routed twice")
            }
            routes.append(route)
        }
        return routes
    }
}
