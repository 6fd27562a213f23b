internal import RPC
internal import Redis

extension GatewayConfiguration {
    /// Reads the file's text. Unknown keys, names that lead nowhere and numbers out of range are
    /// errors with line and column.
    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try YAMLValue(parsing: text, file: file)
        let fields = try root.fields(
            required: ["version", "listeners", "admin", "authentication", "routes", "upstreams"],
            optional: [
                "mesh", "store", "replicas", "authorization", "clients", "limits", "capacity",
                "connections", "cors", "trusted_proxies", "logs", "reflection", "service_config",
            ])
        _ = try fields["version"]?.integer(1...1)
        self.file = file
        reflection = try fields["reflection"]?.boolean() ?? false
        serviceConfig = try fields["service_config"]?.string()
        let crossOrigin = try fields["cors"].map(Self.crossOrigin)
        listeners = try Self.listeners(fields["listeners"] ?? root, crossOrigin: crossOrigin)
        connections = try Self.connections(fields["connections"])
        admin = try Self.admin(fields["admin"] ?? root)
        mesh = try fields["mesh"].map(Self.mesh)
        store = try fields["store"].map(Self.store)
        replicas = try fields["replicas"]?.integer(1...1000) ?? 1
        authentication = try Self.authentication(fields["authentication"] ?? root)
        (roles, tenants) = try Self.authorization(fields["authorization"])
        (addressLimit, plans) = try Self.limits(fields["limits"])
        capacity = try Self.capacity(fields["capacity"])
        upstreams = try Self.upstreams(fields["upstreams"] ?? root)
        clients = try Self.clients(fields["clients"], plans: plans)
        routes = try Self.routes(fields["routes"] ?? root, upstreams: upstreams)
        trustedProxies = try Self.trustedProxies(fields["trusted_proxies"])
        logs = try Self.logs(fields["logs"])
        try checkReferences()
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

    private static func store(_ value: YAMLValue) throws(ConfigurationError) -> Store {
        let fields = try value.fields(
            required: ["url"], optional: ["budget", "username", "password_file", "ca"])
        let url = fields["url"] ?? value
        let text = try url.string()
        let parsed: RedisURL
        do throws(RedisURL.Mistake) {
            parsed = try RedisURL(text)
        } catch {
            throw url.error("\(error)")
        }
        guard parsed.password == nil, parsed.username.isEmpty else {
            throw url.error(
                "a password does not belong here: write username and password_file beside the url")
        }
        let budget = try fields["budget"]?.duration() ?? .milliseconds(2)
        guard (.microseconds(100) ... .milliseconds(10)).contains(budget) else {
            throw (fields["budget"] ?? value).error("expected a duration from 100us to 10ms")
        }
        return Store(
            url: parsed.description, budget: budget,
            username: try fields["username"]?.name() ?? "",
            passwordFile: try fields["password_file"]?.string(),
            authorities: try fields["ca"]?.string())
    }

    private static func capacity(_ value: YAMLValue?) throws(ConfigurationError) -> Capacity {
        let fields = try value?.fields(optional: ["in_flight", "memory"]) ?? [:]
        return Capacity(
            inFlight: try fields["in_flight"]?.integer(1...1_000_000)
                ?? Capacity.standard.inFlight,
            memory: try fields["memory"]?.bytes((16 << 20)...(1 << 40)))
    }

    private static func trustedProxies(
        _ value: YAMLValue?
    ) throws(ConfigurationError) -> [AddressBlock] {
        var blocks: [AddressBlock] = []
        for item in try value?.list() ?? [] {
            let text = try item.string()
            guard let block = AddressBlock(text) else {
                throw item.error(
                    "expected an address or a block such as 10.0.0.0/8 with no bits set behind "
                        + "its prefix, found \"\(text)\"")
            }
            blocks.append(block)
        }
        return blocks
    }

    private static func logs(_ value: YAMLValue?) throws(ConfigurationError) -> Logs {
        let fields = try value?.fields(optional: ["access", "security"]) ?? [:]
        return Logs(
            access: try fields["access"]?.string(), security: try fields["security"]?.string())
    }

    static func criticality(_ value: YAMLValue?) throws(ConfigurationError) -> Criticality? {
        guard let value else { return nil }
        let name = try value.string()
        guard let known = Criticality.allCases.first(where: { "\($0)" == name }) else {
            throw value.error("criticality is critical, normal or sheddable, found \"\(name)\"")
        }
        return known
    }
}
