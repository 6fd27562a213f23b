internal import Crypto
internal import RPC

/// A whole configuration as names and values, without secrets: what the admin port shows, and what a
/// change is told by.
public struct ConfigurationListing: Sendable {
    public struct Entry: Sendable, Hashable {
        /// "plan core", "route assay.risk.v1.RiskAssessment", "API key abcdefghijkl".
        public let part: String
        public let key: String
        public let value: String
        /// Whether a process keeps what it started with.
        public let needsRestart: Bool
    }

    public private(set) var entries: [Entry] = []

    /// - Parameter withKeys: Whether API keys are listed, which may be many.
    public init(_ snapshot: GatewaySnapshot, withKeys: Bool = true) {
        let configuration = snapshot.configuration
        listProcess(configuration)
        list(configuration.connections)
        for listener in configuration.listeners { list(listener) }
        listAuthentication(configuration.authentication)
        listAuthorization(configuration)
        listLimits(configuration)
        for route in configuration.routes { list(route) }
        for upstream in configuration.upstreams { list(upstream) }
        if withKeys {
            for entry in snapshot.keys.entries { list(entry) }
        }
    }

    /// 16 digits that another configuration has not: of two gateways, whether they go by the same.
    public var hash: String {
        var hasher = SHA256()
        for entry in entries {
            hasher.update(data: Array("\(entry.part)\n\(entry.key)\n\(entry.value)\n\n".utf8))
        }
        return hasher.finalize().prefix(8)
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private mutating func add(
        _ part: String, _ key: String, _ value: String?, needsRestart: Bool = false
    ) {
        guard let value else { return }
        entries.append(Entry(part: part, key: key, value: value, needsRestart: needsRestart))
    }

    // MARK: The process

    private mutating func listProcess(_ configuration: GatewayConfiguration) {
        let (admin, logs) = (configuration.admin, configuration.logs)
        add("admin", "address", "\(admin.address):\(admin.port)", needsRestart: true)
        if let mesh = configuration.mesh {
            add("mesh", "certificate", mesh.certificate, needsRestart: true)
            add("mesh", "key", mesh.key, needsRestart: true)
            add("mesh", "bundle", mesh.bundle, needsRestart: true)
        }
        if let store = configuration.store {
            add("store", "url", store.url, needsRestart: true)
            add("store", "budget", Self.text(store.budget), needsRestart: true)
            add("store", "username", store.username, needsRestart: true)
            add("store", "password_file", store.passwordFile, needsRestart: true)
            add("store", "ca", store.authorities, needsRestart: true)
        }
        add("process", "replicas", "\(configuration.replicas)")
        add("process", "in_flight", "\(configuration.capacity.inFlight)")
        add("process", "memory", configuration.capacity.memory.map { "\($0)" })
        add("process", "reflection", "\(configuration.reflection)", needsRestart: true)
        add("process", "service_config", configuration.serviceConfig, needsRestart: true)
        add(
            "process", "trusted_proxies", Self.list(configuration.trustedProxies.map(\.description))
        )
        add("logs", "access", logs.access, needsRestart: true)
        add("logs", "security", logs.security, needsRestart: true)
    }

    private mutating func list(_ limits: GatewayConfiguration.Connections) {
        let times = limits.timeouts
        let values: [(key: String, value: String)] = [
            ("total", "\(limits.total)"), ("per_address", "\(limits.perAddress)"),
            ("handshakes", "\(limits.handshakes)"),
            ("timeouts.handshake", Self.text(times.handshake)),
            ("timeouts.settings", Self.text(times.settings)),
            ("timeouts.headers", Self.text(times.headers)),
            ("timeouts.first_request", Self.text(times.firstRequest)),
            ("timeouts.body", Self.text(times.body)), ("timeouts.stall", Self.text(times.stall)),
            ("timeouts.idle", Self.text(times.idle)),
        ]
        for (key, value) in values { add("connections", key, value, needsRestart: true) }
    }

    private mutating func list(_ listener: GatewayConfiguration.Listener) {
        let part = "listener \(listener.name)"
        add(part, "address", "\(listener.address):\(listener.port)", needsRestart: true)
        add(part, "http1", "\(listener.speaksHTTP1)", needsRestart: true)
        add(part, "certificate", listener.tls?.certificate, needsRestart: true)
        add(part, "key", listener.tls?.key, needsRestart: true)
        add(part, "client_ca", listener.tls?.clientAuthorities, needsRestart: true)
        add(
            part, "client_certificate", listener.tls?.clientCertificate.rawValue,
            needsRestart: true)
        add(part, "authorities", Self.list(listener.authorities))
        guard let cors = listener.crossOrigin else { return }
        add(part, "cors.origins", Self.list(cors.origins))
        add(part, "cors.headers", Self.list(cors.headers))
        add(part, "cors.max_age", Self.text(cors.maximumAge))
    }

    // MARK: Identities

    private mutating func listAuthentication(
        _ authentication: GatewayConfiguration.Authentication
    ) {
        if let keys = authentication.apiKeys {
            add("API keys", "file", keys.file)
            for (version, file) in keys.peppers.sorted(by: { $0.key < $1.key }) {
                add("API keys", "pepper \(version)", file)
            }
        }
        for issuer in authentication.issuers {
            let part = "issuer \(issuer.issuer)"
            add(part, "audience", Self.list(issuer.audiences))
            add(part, "jwks_url", issuer.keySetURL)
            add(part, "jwks_file", issuer.keySetFile)
            add(part, "ca", issuer.authorities)
            add(part, "algorithm", issuer.algorithm?.rawValue)
            add(part, "max_lifetime", Self.text(issuer.maximumLifetime))
            add(part, "tenants", issuer.tenants.isEmpty ? "all" : Self.list(issuer.tenants))
            let claims = issuer.claims
            add(
                part, "claims",
                "tenant \(claims.tenant), client \(claims.client), scopes \(claims.scopes), "
                    + "roles \(claims.roles)")
        }
        for rule in authentication.certificates {
            let part = "certificate \(Self.text(rule.subject))"
            add(part, "client", "\(rule.tenant)/\(rule.client)")
            add(part, "roles", Self.list(rule.roles))
            add(part, "scopes", Self.list(rule.scopes))
        }
    }

    private mutating func listAuthorization(_ configuration: GatewayConfiguration) {
        for (name, scopes) in configuration.roles.sorted(by: { $0.key < $1.key }) {
            add("role \(name)", "scopes", Self.list(scopes))
        }
        for (name, tenant) in configuration.tenants.sorted(by: { $0.key < $1.key }) {
            add("tenant \(name)", "active", "\(tenant.isActive)")
            add("tenant \(name)", "scopes", Self.list(tenant.scopes))
            add("tenant \(name)", "limit", tenant.limit.map(Self.text))
        }
        for (name, client) in configuration.clients.sorted(by: { $0.key < $1.key }) {
            add("client \(name)", "plan", client.plan)
            add("client \(name)", "suspended", "\(client.isSuspended)")
            add("client \(name)", "criticality", client.criticality.map { "\($0)" })
        }
    }

    private mutating func list(_ key: APIKeyFile.Entry) {
        let part = "API key \(key.id)"
        add(part, "client", "\(key.tenant)/\(key.client)")
        add(part, "state", key.state.rawValue)
        add(part, "plan", key.plan)
        add(part, "scopes", Self.list(key.scopes))
        add(part, "roles", Self.list(key.roles))
        add(part, "pepper", "\(key.pepper)")
        add(part, "not_before", key.notBefore.map { "\($0)" })
        add(part, "expires", key.expires.map { "\($0)" })
        add(part, "certificate", key.certificate.map { _ in "bound" })
    }

    // MARK: Limits

    private mutating func listLimits(_ configuration: GatewayConfiguration) {
        let address = configuration.addressLimit
        add("address", "limit", Self.text(address.rate))
        add("address", "all", "\(address.countsAllCalls)")
        add("address", "failed_logins", Self.text(address.failedLogins))
        for plan in configuration.plans {
            let part = "plan \(plan.name)"
            add(part, "tenant", plan.tenant.map(Self.text))
            add(part, "client", Self.text(plan.client))
            for method in plan.methods { add(part, method.method, Self.text(method.rule)) }
            add(
                part, "concurrency",
                "client \(plan.concurrency.client), tenant \(plan.concurrency.tenant)")
            add(part, "criticality", plan.criticality.map { "\($0)" })
        }
    }

    // MARK: Routes

    private mutating func list(_ route: GatewayConfiguration.Route) {
        let part = "route \(route.service)"
        add(part, "upstream", route.upstream)
        add(part, "listeners", route.listeners.map(Self.list) ?? "all")
        list(route.settings, part, "")
        for (name, settings) in route.methods.sorted(by: { $0.key < $1.key }) {
            list(settings, part, name + ".")
        }
    }

    private mutating func list(
        _ settings: GatewayConfiguration.CallSettings, _ part: String, _ prefix: String
    ) {
        add(part, prefix + "client_certificate", settings.clientCertificate?.rawValue)
        add(part, prefix + "audit", settings.isAudited.map { $0 ? "required" : "none" })
        add(part, prefix + "criticality", settings.criticality.map { "\($0)" })
        add(part, prefix + "max_messages", settings.maximumMessages.map { "\($0)" })
        add(part, prefix + "max_bytes", settings.maximumBytes.map { "\($0)" })
    }

    private mutating func list(_ upstream: GatewayConfiguration.Upstream) {
        let part = "upstream \(upstream.name)"
        add(part, "target", upstream.target)
        add(part, "balancing", upstream.balancing.rawValue)
        add(part, "expect", Self.list(upstream.expect))
        add(part, "in_flight", "\(upstream.maximumInFlight)")
        add(part, "pending", "\(upstream.maximumPending)")
        add(part, "timeouts.connect", Self.text(upstream.connectTimeout))
        add(part, "timeouts.call", upstream.callTimeout.map(Self.text))
        add(part, "required", "\(upstream.isRequired)")
    }
}
