public import RPC

/// Everything that decides about a request, checked and compiled. Immutable: a request sees one
/// snapshot from its first byte to its log line.
public final class GatewaySnapshot: Sendable {
    public struct Plan: Sendable {
        public let name: String
        let limits: LimitPlan
    }

    public let configuration: GatewayConfiguration
    public let routes: RouteTable
    public let plans: [Plan]
    public let scopes: ScopeTable
    /// The records of API keys, as their file has them.
    public let keys: APIKeyFile
    package let authenticator: Authenticator
    /// In the order of the configuration's.
    let listeners: [ListenerPolicy]
    /// In the order of `routes`.
    public let settings: [RouteSettings]
    let addressLimits: AddressLimits

    /// - Parameters:
    ///   - methods: What the schemas say; a routed service must be among them.
    ///   - peppers: One for each that the configuration names.
    ///   - issuers: Those of the configuration, with their keys.
    ///   - identities: What the snapshots before it have learned.
    public init(
        configuration: GatewayConfiguration, keys: APIKeyFile, peppers: [Pepper],
        methods: [MethodDescriptor], issuers: [TokenIssuer] = [],
        identities: IdentityState = IdentityState()
    ) throws(ConfigurationError) {
        self.configuration = configuration
        self.keys = keys
        var scopes = ScopeTable()
        routes = try Self.routes(configuration, methods: methods, scopes: &scopes)
        let (routes, tenants) = (self.routes, configuration.tenants.compactMapValues(\.limit))
        plans = configuration.plans.map { plan in
            Plan(
                name: plan.name,
                limits: LimitPlan(
                    plan, among: configuration.plans, tenants: tenants, routes: routes))
        }
        addressLimits = AddressLimits(configuration)
        try ConfigurationCheck(configuration, routes, known: methods).run()
        var compiler = PrincipalCompiler(configuration: configuration, scopes: scopes)
        var records: [APIKeyRecord] = []
        for entry in keys.entries {
            guard peppers.contains(where: { $0.version == entry.pepper }) else {
                throw ConfigurationError(
                    file: keys.file, line: entry.line, column: 1,
                    message: "key \(entry.id): there is no pepper \(entry.pepper)")
            }
            records.append(
                APIKeyRecord(
                    id: entry.id, mac: entry.mac, pepper: entry.pepper, notBefore: entry.notBefore,
                    expires: entry.expires, state: entry.state, certificate: entry.certificate,
                    principal: try compiler.principal(entry, file: keys.file),
                    use: identities.keyUses.use(of: entry.id)))
        }
        let resolver = try PrincipalResolver(configuration, scopes: &compiler.scopes)
        authenticator = Authenticator(
            keys: APIKeyVerifier(records: records, peppers: peppers),
            tokens: TokenVerifier(issuers: issuers, resolver: resolver),
            certificates: CertificateIdentity(configuration.authentication.certificates, resolver))
        self.scopes = compiler.scopes
        listeners = configuration.listeners.map(ListenerPolicy.init)
        settings = routes.routes.map { RouteSettings($0.method, configuration) }
    }

    private static func routes(
        _ configuration: GatewayConfiguration, methods: [MethodDescriptor],
        scopes: inout ScopeTable
    ) throws(ConfigurationError) -> RouteTable {
        var routes: [Route] = []
        for entry in configuration.routes {
            let offered = methods.indices.filter { methods[$0].service == entry.service }
            guard !offered.isEmpty,
                let upstream = configuration.upstreams.firstIndex(where: {
                    $0.name == entry.upstream
                })
            else {
                throw ConfigurationError(
                    file: configuration.file, at: entry.place,
                    message: "no schema has the service \"\(entry.service)\"")
            }
            for ordinal in offered {
                let method = methods[ordinal]
                var required: ScopeSet?
                if case .scope(let name, _) = method.access {
                    guard let scope = scopes.insert(name) else { throw Self.tooManyScopes }
                    required = scope
                }
                routes.append(
                    Route(
                        method: method, upstream: upstream, requiredScope: required,
                        ordinal: ordinal))
            }
        }
        return RouteTable(routes)
    }

    /// - Parameter index: Of a peer; listeners are the same as long as a process runs.
    func listener(_ index: Int) -> ListenerPolicy {
        listeners[listeners.indices.contains(index) ? index : 0]
    }

    static let tooManyScopes = ConfigurationError(
        file: "scopes", message: "more than \(ScopeTable.maximumScopes) different scopes")
}

/// Resolves what a key names: tenant, client, plan, roles.
private struct PrincipalCompiler {
    let configuration: GatewayConfiguration
    var scopes: ScopeTable

    mutating func principal(
        _ entry: APIKeyFile.Entry, file: String
    ) throws(ConfigurationError) -> Principal {
        func error(_ message: String) -> ConfigurationError {
            ConfigurationError(
                file: file, line: entry.line, column: 1, message: "key \(entry.id): \(message)")
        }
        guard let tenant = configuration.tenants[entry.tenant] else {
            throw error("there is no tenant \"\(entry.tenant)\"")
        }
        var granted = try set(entry.scopes)
        for role in entry.roles {
            guard let names = configuration.roles[role] else {
                throw error("there is no role \"\(role)\"")
            }
            granted = granted.union(try set(names))
        }
        let effective = granted.intersection(try set(tenant.scopes))
        let client = configuration.clients["\(entry.tenant)/\(entry.client)"]
        let name = client?.plan ?? entry.plan ?? GatewayConfiguration.Plan.standard.name
        guard let plan = configuration.plans.firstIndex(where: { $0.name == name }) else {
            throw error("there is no plan \"\(name)\"")
        }
        return Principal(
            tenant: entry.tenant, client: entry.client, keyID: entry.id, scopes: effective,
            scopeHeader: scopes.names(of: effective).sorted().joined(separator: " "), plan: plan,
            isSuspended: client?.isSuspended ?? false || !tenant.isActive,
            criticality: client?.criticality ?? configuration.plans[plan].criticality,
            expires: entry.expires)
    }

    private mutating func set(_ names: [String]) throws(ConfigurationError) -> ScopeSet {
        var set = ScopeSet.none
        for name in names {
            guard let scope = scopes.insert(name) else { throw GatewaySnapshot.tooManyScopes }
            set = set.union(scope)
        }
        return set
    }
}
