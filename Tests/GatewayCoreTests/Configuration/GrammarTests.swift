import RPC
import Testing

@testable import GatewayCore

/// Every key of the configuration, as a file that has them all.
@Suite struct GrammarTests {
    static let whole = """
        version: 1
        listeners:
          - name: public
            port: 8443
            tls: { certificate: tls/edge.pem, key: tls/edge.key, client_ca: tls/clients.pem, client_certificate: optional }
            http1: true
            authorities: [API.bank.example, localhost]
            cors: { origins: ["https://app.bank.example", "https://desk.bank.example:8443"], headers: [Content-Type, x-api-key], max_age: 5m }
          - { name: partners, address: 0.0.0.0, port: 8444, http1: false, tls: { certificate: tls/edge.pem, key: tls/edge.key, client_ca: tls/clients.pem, client_certificate: required } }
        cors: { origins: ["https://console.bank.example"] }
        connections: { total: 500, per_address: 20, handshakes: 16, timeouts: { headers: 3s, idle: 90s } }
        admin: { address: 127.0.0.1, port: 9901 }
        mesh: { certificate: tls/gateway.pem, key: tls/gateway.key, bundle: tls/mesh-ca.pem }
        store: { url: "rediss://redis:6379", budget: 2ms, username: limits, password_file: secrets/redis, ca: tls/redis.pem }
        replicas: 3
        authentication:
          api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } }
          issuers:
            - issuer: "https://login.bank.example"
              audience: [assay, assay-staging]
              jwks_url: "https://login.bank.example/jwks"
              jwks_file: keys/login.json
              ca: tls/login.pem
              algorithm: PS256
              max_lifetime: 1h
              claims: { tenant: tid, client: azp, scopes: scp, roles: groups }
              tenants: [bank]
          certificates:
            - { spiffe: "spiffe://bank.example/payments", tenant: bank, client: payments, roles: [assessor] }
            - { dns: Desk.bank.example, tenant: bank, client: desk, scopes: [risk.assess] }
            - { sha256: "AB:\(String(repeating: "01", count: 31))", tenant: bank, client: batch }
        authorization:
          roles: { assessor: [risk.assess] }
          tenants:
            bank: { active: true, scopes: [risk.assess, risk.decisions.read], limit: { limit: 9000, period: 1s, burst: 9000, counts: cost } }
            closed: { active: false, scopes: [risk.assess] }
        clients: { bank/payments: { plan: core, criticality: sheddable }, bank/suspended: { suspended: true } }
        limits:
          address: { limit: 60, period: 10s, burst: 50, all: true, failed_logins: { limit: 5, period: 60s } }
          plans:
            default: { client: { limit: 100, period: 60s, burst: 100, counts: requests }, concurrency: 20 }
            core:
              tenant: { limit: 5000, period: 1s, burst: 10000, counts: cost }
              client: { limit: 2000, period: 1s, burst: 4000, counts: cost, on_store_failure: deny, per: client }
              methods: { assay.risk.v1.RiskAssessment/AssessTransaction: { limit: 1000, period: 1s, burst: 2000, shadow: true } }
              concurrency: { client: 500, tenant: 2000 }
              criticality: critical
        capacity: { in_flight: 2000, memory: 512MiB }
        routes:
          - service: assay.risk.v1.RiskAssessment
            upstream: risk
            listeners: [public]
            criticality: normal
            max_messages: 1000
            max_bytes: 64MiB
            methods: { AssessTransaction: { client_certificate: required, audit: required, criticality: critical } }
        upstreams:
          risk: { target: "dns:///risk:7002", balancing: round_robin, expect: ["spiffe://assay.example/ns/bank/sa/assay-risk"], in_flight: 64, pending: 8, timeouts: { connect: 500ms, call: 5s } }
        trusted_proxies: [10.0.0.0/8, "2001:db8::/32", 192.0.2.7]
        logs: { access: access.log, security: security.log }
        service_config: calls.json
        reflection: true
        """

    /// The public key of RFC 8037, appendix A.
    private static let keySet = """
        {"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
        """

    private func read(_ text: String) throws -> GatewayConfiguration {
        try GatewayConfiguration(yaml: text, file: "gateway.yaml")
    }

    /// The complaint about the whole file with one part replaced, at the place of the replacement.
    private func complaint(_ part: String, _ replacement: String) -> String {
        let changed = Self.whole.replacing(part, with: replacement, maxReplacements: 1)
        #expect(changed != Self.whole, "nothing was replaced")
        do {
            let loader = Fixtures.loader([
                "/etc/gateway.yaml": changed, "/etc/keys/login.json": Self.keySet,
            ])
            _ = try loader.load("/etc/gateway.yaml")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("listeners, with their certificates and web pages of other origins")
    func listeners() throws {
        let configuration = try read(Self.whole)
        let (open, partners) = (configuration.listeners[0], configuration.listeners[1])
        #expect(open.authorities == ["api.bank.example", "localhost"])
        #expect(open.tls?.clientCertificate == .optional && open.speaksHTTP1)
        #expect(open.crossOrigin?.origins.count == 2)
        #expect(open.crossOrigin?.headers == ["content-type", "x-api-key"])
        #expect(open.crossOrigin?.maximumAge == .seconds(300))
        #expect(partners.tls?.clientCertificate == .required && !partners.speaksHTTP1)
        #expect(partners.crossOrigin?.origins == ["https://console.bank.example"])
        #expect(partners.crossOrigin?.maximumAge == .seconds(600))
    }

    @Test("who may come: issuers, certificates, tenants, clients")
    func identities() throws {
        let configuration = try read(Self.whole)
        let issuer = try #require(configuration.authentication.issuers.first)
        #expect(issuer.audiences == ["assay", "assay-staging"] && issuer.algorithm == .ps256)
        #expect(issuer.maximumLifetime == .seconds(3600) && issuer.tenants == ["bank"])
        #expect(issuer.claims.tenant == "tid" && issuer.claims.roles == "groups")
        let subjects = configuration.authentication.certificates.map(\.subject)
        #expect(subjects[0] == .spiffe("spiffe://bank.example/payments"))
        #expect(subjects[1] == .dns("desk.bank.example"))
        #expect(subjects[2] == .thumbprint("ab" + String(repeating: "01", count: 31)))
        #expect(configuration.tenants["bank"]?.limit?.rate.limit == 9000)
        #expect(configuration.clients["bank/payments"]?.criticality == .sheddable)
    }

    @Test("how often: address, tenant, client, method, in flight")
    func limits() throws {
        let configuration = try read(Self.whole)
        #expect(configuration.addressLimit.countsAllCalls)
        #expect(configuration.addressLimit.failedLogins.burst == 5)
        let plan = try #require(configuration.plans.first { $0.name == "core" })
        #expect(plan.tenant?.rate.burst == 10_000 && plan.client.isPerClient)
        #expect(plan.client.onStoreFailure == .deny && plan.client.counts == .cost)
        #expect(plan.methods.first?.rule.isShadow == true)
        #expect(plan.concurrency == .init(client: 500, tenant: 2000))
        #expect(plan.criticality == .critical)
        #expect(configuration.store?.url == "rediss://redis:6379")
        #expect(configuration.store?.budget == .milliseconds(2) && configuration.replicas == 3)
        #expect(configuration.capacity == .init(inFlight: 2000, memory: 512 << 20))
    }

    @Test("where to: routes, their methods, upstreams")
    func routes() throws {
        let configuration = try read(Self.whole)
        let route = try #require(configuration.routes.first)
        #expect(route.listeners == ["public"] && route.settings.maximumMessages == 1000)
        #expect(route.settings.maximumBytes == 64 << 20)
        #expect(route.methods["AssessTransaction"]?.clientCertificate == .required)
        #expect(route.methods["AssessTransaction"]?.isAudited == true)
        let upstream = try #require(configuration.upstreams.first)
        #expect(upstream.balancing == .roundRobin && upstream.maximumPending == 8)
        #expect(upstream.connectTimeout == .milliseconds(500))
        #expect(upstream.callTimeout == .seconds(5))
        #expect(configuration.logs.security == "security.log")
        #expect(configuration.trustedProxies.count == 3)
    }

    @Test("what connections may cost")
    func connections() throws {
        let limits = try read(Self.whole).connections
        #expect(limits.total == 500 && limits.perAddress == 20 && limits.handshakes == 16)
        #expect(limits.timeouts.headers == .seconds(3) && limits.timeouts.idle == .seconds(90))
        #expect(limits.timeouts.stall == .seconds(30))
    }

    @Test("what is left out has the documented value")
    func defaults() throws {
        let configuration = try Fixtures.snapshot().configuration
        #expect(configuration.replicas == 1 && configuration.store == nil)
        #expect(configuration.addressLimit == .standard && configuration.capacity == .standard)
        #expect(configuration.plans[0].concurrency == .standard)
        #expect(configuration.upstreams[0].maximumInFlight == 1024)
        #expect(configuration.upstreams[0].balancing == .p2c)
        #expect(
            configuration.listeners[0].tls?.clientCertificate
                == GatewayConfiguration.ClientCertificate.none)
        #expect(configuration.listeners[0].crossOrigin == nil)
        #expect(configuration.connections == GatewayConfiguration.Connections())
    }

    @Test("a mistake is named with what to write instead")
    func mistakes() {
        let cases: [(String, String, String)] = [
            (
                "client_certificate: optional", "client_certificate: maybe",
                "none, optional or required"
            ),
            (
                "client_ca: tls/clients.pem, client_certificate: optional",
                "client_certificate: optional", "client_ca is missing"
            ),
            ("client_certificate: optional", "client_certificate: none", "of no use"),
            ("https://app.bank.example", "https://app.bank.example/", "exact origin"),
            ("https://app.bank.example", "*", "exact origin"),
            ("headers: [Content-Type", "headers: [assay-tenant", "may not set"),
            ("per_address: 20", "per_address: 0", "from 1 to 1000000"),
            ("headers: 3s", "headers: 3us", "from 10ms to 1h"),
            ("headers: 3s", "header: 3s", "did you mean \"headers\""),
            ("max_age: 5m", "max_age: 5w", "expected a duration"),
            ("max_age: 5m", "max_age: 2d", "up to 24h"),
            ("name: partners", "name: public", "two listeners \"public\""),
            ("rediss://redis:6379", "http://redis:6379", "redis:// or rediss://"),
            ("rediss://redis:6379", "rediss://u:secret@redis:6379", "password_file"),
            ("budget: 2ms", "budget: 2s", "100us to 10ms"),
            ("replicas: 3", "replicas: 0", "from 1 to 1000"),
            ("jwks_url: \"https://", "jwks_url: \"http://", "expected a URL"),
            ("jwks_url: \"https://login", "jwks_url: \"https://me@login", "expected a URL"),
            ("algorithm: PS256", "algorithm: HS256", "RS256, PS256, ES256, ES384 or EdDSA"),
            ("max_lifetime: 1h", "max_lifetime: 1s", "from 1m to 31d"),
            ("tenants: [bank]", "tenants: [bnk]", "no tenant \"bnk\""),
            (
                "spiffe: \"spiffe://bank.example/payments\"", "spiffe: \"spiffe://bank.example\"",
                "SPIFFE ID"
            ),
            ("spiffe: \"spiffe://bank.example/payments\", tenant", "tenant", "exactly one of"),
            ("sha256: \"AB:", "sha256: \"A", "64 hexadecimal"),
            ("roles: [assessor]", "roles: [asessor]", "no role \"asessor\""),
            ("client: desk,", "client: desk, plan: core,", "unknown key \"plan\""),
            ("bank/payments: {", "bnk/payments: {", "no tenant \"bnk\""),
            ("plan: core", "plan: kern", "only \"core\", \"default\""),
            ("limit: 60, period: 10s, burst: 50", "limit: 60", "belong together"),
            ("on_store_failure: deny", "on_store_failure: deni", "local_share, deny or allow"),
            ("per: client", "per: tenant", "key or client"),
            ("burst: 2000, shadow", "burst: 2000, per: client, shadow", "unknown key \"per\""),
            (
                "RiskAssessment/AssessTransaction: {", "RiskAssessment/AssesTransaction: {",
                "did you mean \"assay.risk.v1.RiskAssessment/AssessTransaction\""
            ),
            ("RiskAssessment/AssessTransaction: {", "RiskAssessment: {", "package.Service/Method"),
            ("burst: 2000, shadow: true", "burst: 2, counts: cost", "write a burst of at least 5"),
            ("burst: 9000", "burst: 4", "limit of tenant bank"),
            ("burst: 10000, counts: cost", "burst: 4, counts: cost", "tenant level of plan core"),
            ("tenant: 2000", "tenant: 20", "at least as many"),
            ("memory: 512MiB", "memory: 512MB", "such as 512MiB"),
            ("listeners: [public]", "listeners: [pubic]", "no listener \"pubic\""),
            ("listeners: [public]", "listeners: []", "at least one listener"),
            (
                "methods: { AssessTransaction: {", "methods: { AssesTransaction: {",
                "did you mean \"AssessTransaction\""
            ),
            ("audit: required", "audit: yes", "required or none"),
            ("balancing: round_robin", "balancing: random", "p2c, round_robin or pick_first"),
            (
                "expect: [\"spiffe://assay.example/ns/bank/sa/assay-risk\"]", "expect: [risk]",
                "SPIFFE ID"
            ),
            ("connect: 500ms", "connect: 0ms", "from 1ms"),
            ("10.0.0.0/8", "10.0.0.1/8", "no bits set behind"),
            ("10.0.0.0/8", "10.0.0/8", "an address or a block"),
            ("logs: { access", "logs: { acess", "did you mean \"access\""),
        ]
        for (part, replacement, message) in cases {
            let text = complaint(part, replacement)
            #expect(text.contains(message), "\(replacement): \(text)")
            #expect(text.hasPrefix("/etc/gateway.yaml:"), "\(replacement): \(text)")
            let place = text.dropFirst("/etc/gateway.yaml:".count).split(separator: ":")
            #expect(place.prefix(2).allSatisfy { Int($0) ?? 0 > 0 }, "\(replacement): \(text)")
        }
    }

    @Test("a complaint points at the line of what is wrong")
    func places() throws {
        let line = try #require(
            Self.whole.split(separator: "\n").firstIndex { $0.contains("burst: 2000") })
        let text = complaint("burst: 2000, shadow: true", "burst: 2, counts: cost")
        #expect(text.hasPrefix("/etc/gateway.yaml:\(line + 1):"), "\(text)")
    }

    @Test("addresses and blocks, IPv4 inside IPv6 included")
    func addresses() throws {
        let block = try #require(AddressBlock("10.0.0.0/8"))
        #expect(block.contains(try #require(IPAddress("10.255.0.1"))))
        #expect(block.contains(try #require(IPAddress("::ffff:10.1.2.3"))))
        #expect(!block.contains(try #require(IPAddress("11.0.0.1"))))
        #expect(!block.contains(try #require(IPAddress("::a00:1"))))
        let wide = try #require(AddressBlock("2001:db8::/32"))
        #expect(wide.contains(try #require(IPAddress(peer: "[2001:db8::7]:443"))))
        #expect(!wide.contains(try #require(IPAddress("2001:db9::"))))
        #expect(AddressBlock("::/0")?.contains(try #require(IPAddress("fe80::1"))) == true)
        #expect(AddressBlock("0.0.0.0/0")?.contains(try #require(IPAddress("1.2.3.4"))) == true)
        #expect("\(wide)" == "2001:db8::/32" && "\(block)" == "10.0.0.0/8")
        for text in ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "1.2.3", "::1/129", "a"] {
            #expect(AddressBlock(text) == nil, "\(text)")
        }
    }
}
