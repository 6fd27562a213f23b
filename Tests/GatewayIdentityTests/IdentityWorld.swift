import AssayMessages
import RPC

@testable import GatewayCore

/// A gateway with all services, and everybody who may come to its door: what each shows, and by plain
/// words what that is worth. The words share no code with the gateway.
struct IdentityWorld {
    /// Who comes, and what is known of them.
    struct Identity {
        var name: String
        var key: String?
        var bearer: String?
        var certificate: PeerCertificate?
        /// Why nobody knows them; nil if somebody does.
        var refusal: String?
        var isSuspended = false
        var scopes: Set<String> = []
    }

    static let scopes: [String] = {
        let names = PolicyTable.all.compactMap { method -> String? in
            if case .scope(let name, _) = method.access { name } else { nil }
        }
        return Set(names).sorted()
    }()

    /// What the tenants bank and shop may have, what roles bring.
    static let bank = scopes.filter { $0 != "models.upload" }
    static let shop = scopes.filter { $0.hasPrefix("risk.") }
    static let assessor = ["risk.assess", "risk.decisions.read", "models.upload"]
    static let operators = scopes.filter { $0.contains(".rules.") }

    static func key(_ number: UInt8) -> APIKey {
        APIKey(
            idBytes: [UInt8](repeating: number, count: 8),
            secretBytes: [UInt8](repeating: number &+ 50, count: 32))
    }

    private static func entry(
        _ number: UInt8, _ tenant: String, _ client: String, scopes: [String] = [],
        roles: [String] = []
    ) -> APIKeyFile.Entry {
        let pepper = Pepper(version: 1, secret: Array(TestGateway.pepper.utf8))
        return APIKeyFile.Entry(
            id: key(number).id, tenant: tenant, client: client, plan: nil, scopes: scopes,
            roles: roles, mac: pepper?.mac(of: key(number)) ?? [], pepper: 1)
    }

    private static var entries: [APIKeyFile.Entry] {
        var bound = entry(6, "bank", "bound", roles: ["assessor"])
        bound.certificate = [UInt8](repeating: 6, count: 32)
        var revoked = entry(7, "bank", "app", roles: ["assessor"])
        revoked.state = .revoked
        var old = entry(8, "bank", "app", roles: ["assessor"])
        old.expires = TestIssuer.now
        return [
            entry(1, "bank", "app", scopes: ["risk.assess", "models.read", "models.upload"]),
            entry(2, "bank", "app", roles: ["operator"]), entry(3, "shop", "app", scopes: scopes),
            entry(4, "closed", "app", scopes: scopes), entry(5, "bank", "away", scopes: scopes),
            bound, revoked, old,
        ]
    }

    static func snapshot() throws -> GatewaySnapshot {
        func list(_ names: [String]) -> String { "[\(names.joined(separator: ", "))]" }
        let services = Set(PolicyTable.all.map { String($0.service) }).sorted()
            .filter { !$0.hasPrefix("grpc.") }
        let yaml = """
            version: 1
            listeners: [ { name: public, port: 1, tls: { certificate: a, key: b, client_ca: c, client_certificate: optional } } ]
            admin: { port: 2 }
            authentication:
              api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } }
              issuers:
                - { issuer: "\(TestIssuer.name)", audience: assay, jwks_file: jwks.json, max_lifetime: 1h, tenants: [bank, closed], claims: { tenant: tid, client: azp } }
              certificates:
                - { spiffe: "spiffe://bank.example/app", tenant: bank, client: app, roles: [assessor] }
                - { dns: shop.example, tenant: shop, client: web, scopes: \(list(scopes)) }
                - { dns: away.example, tenant: bank, client: away, roles: [operator] }
            authorization:
              roles: { assessor: \(list(assessor)), operator: \(list(operators)) }
              tenants:
                bank: { scopes: \(list(bank)) }
                shop: { scopes: \(list(shop)) }
                closed: { active: false, scopes: \(list(scopes)) }
            clients: { bank/away: { suspended: true } }
            limits: { plans: { default: { client: { limit: 1000000, period: 1s, burst: 1000000 } } } }
            routes:
            \(services.map { "  - { service: \($0), upstream: all }" }.joined(separator: "\n"))
            upstreams: { all: { target: "127.0.0.1:1" } }
            """
        let files = [
            "/g/gateway.yaml": Array(yaml.utf8),
            "/g/keys.yaml": Array(APIKeyFile(entries: entries).yaml.utf8),
            "/g/pepper-1": Array(TestGateway.pepper.utf8),
            "/g/jwks.json": TestSigner.set(TestIssuer.signers.map { $0.jwk() }),
        ]
        struct Missing: Error { let name: String }
        return try GatewayLoader(methods: PolicyTable.all) { name in
            guard let bytes = files[name] else { throw Missing(name: name) }
            return bytes
        }.load("/g/gateway.yaml")
    }

    // MARK: Everybody

    private static func certificate(
        spiffe: String? = nil, dns: [String] = [], print: UInt8 = 1, ended: Bool = false
    ) -> PeerCertificate {
        PeerCertificate(
            spiffeID: spiffe, dnsNames: dns, thumbprint: [UInt8](repeating: print, count: 32),
            expiresAt: ended ? TestIssuer.now : TestIssuer.now + 60)
    }

    private static let app = certificate(spiffe: "spiffe://bank.example/app")
    private static let web = certificate(dns: ["shop.example"])
    private static let stranger = certificate(dns: ["nobody.example"])

    static func everybody() throws -> [Identity] {
        try keys + tokens() + certificates() + together()
    }

    private static var keys: [Identity] {
        let (first, second) = (key(1).text, key(2).text)
        let known: Set = ["risk.assess", "models.read"]
        let read = Set(bank)
        return [
            Identity(name: "nobody", refusal: "NO_CREDENTIALS"),
            Identity(name: "no key at all", key: "x", refusal: "BAD_CREDENTIALS"),
            Identity(name: "unknown key", key: key(99).text, refusal: "BAD_CREDENTIALS"),
            Identity(name: "key with scopes", key: first, scopes: known),
            Identity(name: "key as bearer", bearer: first, scopes: known),
            Identity(name: "key twice", key: first, bearer: first, scopes: known),
            Identity(name: "two keys", key: first, bearer: second, refusal: "AMBIGUOUS"),
            Identity(
                name: "key with a role", key: second, scopes: read.intersection(operators)),
            Identity(name: "key of another tenant", key: key(3).text, scopes: Set(shop)),
            Identity(name: "key of a closed tenant", key: key(4).text, isSuspended: true),
            Identity(name: "key of a suspended client", key: key(5).text, isSuspended: true),
            Identity(name: "bound key without", key: key(6).text, refusal: "BINDING"),
            Identity(
                name: "bound key", key: key(6).text, certificate: certificate(print: 6),
                scopes: read.intersection(assessor)),
            Identity(name: "revoked key", key: key(7).text, refusal: "BAD_CREDENTIALS"),
            Identity(name: "expired key", key: key(8).text, refusal: "EXPIRED"),
        ]
    }

    private static func token(_ claims: [String: String?]) throws -> String {
        try TestIssuer.signer(.es256).token(claims: claims)
    }

    private static func tokens() throws -> [Identity] {
        let read = Set(bank)
        let now = TestIssuer.now
        return [
            Identity(
                name: "token", bearer: try token(["scope": "\"risk.assess openid models.upload\""]),
                scopes: ["risk.assess"]),
            Identity(
                name: "token with a role",
                bearer: try token(["scope": nil, "roles": "[\"assessor\",\"nothing\"]"]),
                scopes: read.intersection(assessor)),
            Identity(
                name: "token with both",
                bearer: try token(["scope": "\"models.read\"", "roles": "[\"operator\"]"]),
                scopes: read.intersection(operators + ["models.read"])),
            Identity(
                name: "token of a suspended client",
                bearer: try token(["azp": "\"away\"", "roles": "[\"operator\"]"]),
                isSuspended: true),
            Identity(
                name: "token of a closed tenant", bearer: try token(["tid": "\"closed\""]),
                isSuspended: true),
            Identity(
                name: "token of a tenant that is not its issuer's",
                bearer: try token(["tid": "\"shop\""]), refusal: "TENANT"),
            Identity(
                name: "token of a tenant that is not here",
                bearer: try token(["tid": "\"unheard\""]), refusal: "TENANT"),
            Identity(
                name: "expired token",
                bearer: try token(["exp": "\(now - 60)", "iat": "\(now - 90)"]),
                refusal: "EXPIRED"),
            Identity(
                name: "token for others", bearer: try token(["aud": "\"other\""]),
                refusal: "BAD_CREDENTIALS"),
            Identity(
                name: "token of a stranger",
                bearer: try TestSigner(.es256, kid: TestIssuer.signer(.es256).kid).token(),
                refusal: "BAD_CREDENTIALS"),
            Identity(name: "token in x-api-key", key: try token([:]), refusal: "BAD_CREDENTIALS"),
        ]
    }

    private static func certificates() -> [Identity] {
        let read = Set(bank)
        return [
            Identity(
                name: "certificate", certificate: app, scopes: read.intersection(assessor)),
            Identity(name: "certificate by name", certificate: web, scopes: Set(shop)),
            Identity(
                name: "certificate of a suspended client",
                certificate: certificate(dns: ["away.example"]), isSuspended: true),
            Identity(
                name: "certificate of nobody", certificate: stranger, refusal: "NO_CREDENTIALS"),
            Identity(
                name: "certificate of two",
                certificate: certificate(dns: ["shop.example", "away.example"]),
                refusal: "AMBIGUOUS"),
            Identity(
                name: "certificate that has ended",
                certificate: certificate(spiffe: "spiffe://bank.example/app", ended: true),
                refusal: "EXPIRED"),
        ]
    }

    private static func together() throws -> [Identity] {
        let cnf = "{\"x5t#S256\":\"\(TestSigner.text(app.thumbprint))\"}"
        let bound = try token([
            "azp": "\"app\"", "scope": "\"models.read\"", "cnf": cnf,
        ])
        return [
            // Of two of one client the key or the token counts.
            Identity(
                name: "key and certificate", key: key(2).text, certificate: app,
                scopes: Set(bank).intersection(operators)),
            Identity(
                name: "key and a stranger's certificate", key: key(1).text, certificate: stranger,
                scopes: ["risk.assess", "models.read"]),
            Identity(
                name: "key and another's certificate", key: key(1).text, certificate: web,
                refusal: "AMBIGUOUS"),
            Identity(
                name: "bad key and a good certificate", key: key(99).text, certificate: app,
                refusal: "BAD_CREDENTIALS"),
            Identity(
                name: "bound token", bearer: bound, certificate: app, scopes: ["models.read"]),
            Identity(name: "bound token without", bearer: bound, refusal: "BINDING"),
            Identity(
                name: "bound token, other certificate", bearer: bound,
                certificate: certificate(print: 9), refusal: "BINDING"),
            Identity(
                name: "token and another's certificate",
                bearer: try token(["azp": "\"app\"", "scope": "\"models.read\""]),
                certificate: web, refusal: "AMBIGUOUS"),
        ]
    }
}
