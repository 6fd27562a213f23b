import RPC

@testable import GatewayCore

/// A gateway's world in small: two services, one tenant, keys on two plans.
enum Fixtures {
    static let assess = MethodDescriptor(
        path: "/assay.risk.v1.RiskAssessment/AssessTransaction", kind: .unary,
        access: .scope("risk.assess", mutualTLS: true),
        idempotency: .keyed(path: [1], ttl: .seconds(86_400)), cost: 5,
        deadline: .milliseconds(50), maximumRequestBytes: 4096, maximumResponseBytes: 65_536)
    static let read = MethodDescriptor(
        path: "/assay.risk.v1.RiskAssessment/GetDecision", kind: .unary,
        access: .scope("risk.decisions.read", mutualTLS: true), idempotency: .readonly, cost: 2,
        deadline: .seconds(1), maximumRequestBytes: 64)
    static let open = MethodDescriptor(
        path: "/assay.risk.v1.RiskAssessment/Ping", kind: .unary, access: .public)
    static let hidden = MethodDescriptor(
        path: "/assay.features.v1.FeatureStore/ScoreEvent", kind: .unary,
        access: .scope("features.score", mutualTLS: true))

    static let methods = [assess, read, open, hidden]

    static let yaml = """
        version: 1
        listeners:
          - name: public
            port: 8443
            tls: { certificate: tls/edge.pem, key: tls/edge.key }
            authorities: [api.bank.example, localhost]
        admin: { port: 9901 }
        mesh: { certificate: tls/gateway.pem, key: tls/gateway.key, bundle: tls/ca.pem }
        authentication:
          api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } }
        authorization:
          roles: { assessor: [risk.assess] }
          tenants:
            bank: { scopes: [risk.assess, risk.decisions.read] }
            closed: { active: false, scopes: [risk.assess] }
        clients:
          bank/suspended: { suspended: true }
        limits:
          plans:
            default: { client: { limit: 100, period: 60s, burst: 100 } }
            core: { client: { limit: 2000, period: 1s, burst: 4000, counts: cost } }
        routes:
          - { service: assay.risk.v1.RiskAssessment, upstream: risk }
        upstreams:
          risk: { target: "127.0.0.1:7002", expect: ["spiffe://assay.example/ns/default/sa/assay-risk"] }
        """

    static let pepperSecret = Array("0123456789abcdef0123456789abcdef".utf8)

    static func key(_ number: UInt8) -> APIKey {
        APIKey(
            idBytes: [UInt8](repeating: number, count: 8),
            secretBytes: [UInt8](repeating: number &+ 1, count: 32))
    }

    /// The keys by what is special about them.
    enum Special: UInt8, CaseIterable {
        case normal = 1
        case core, reader, suspended, closedTenant, expired, early, revoked, role
    }

    static func entry(_ special: Special) -> APIKeyFile.Entry {
        let key = key(special.rawValue)
        let mac = Pepper(version: 1, secret: pepperSecret)?.mac(of: key) ?? []
        var entry = APIKeyFile.Entry(
            id: key.id, tenant: "bank", client: "payments", plan: nil,
            scopes: ["risk.assess", "risk.decisions.read", "not.for.this.tenant"], mac: mac,
            pepper: 1)
        switch special {
        case .normal: break
        case .core: entry.plan = "core"
        case .reader: entry.scopes = ["risk.decisions.read"]
        case .suspended: entry.client = "suspended"
        case .closedTenant: entry.tenant = "closed"
        case .expired: entry.expires = 1_000
        case .early: entry.notBefore = 3_000
        case .revoked: entry.state = .revoked
        case .role: (entry.scopes, entry.roles) = ([], ["assessor"])
        }
        return entry
    }

    /// Loaded once; it is immutable.
    private static let loaded = Result { try loader().load("/etc/gateway.yaml") }

    static func snapshot() throws -> GatewaySnapshot { try loaded.get() }

    static func serving(
        _ upstream: any RawUpstream = FakeUpstream { _ in throw RPCError(.unavailable, "none") }
    ) throws -> ServingSlot {
        ServingSlot(ServingState(snapshot: try snapshot(), upstreams: [upstream]))
    }

    static func loader(_ changed: [String: String] = [:]) -> GatewayLoader {
        let keys = APIKeyFile(entries: Special.allCases.map(entry)).yaml
        var files = [
            "/etc/gateway.yaml": yaml, "/etc/keys.yaml": keys,
            "/etc/pepper-1": String(decoding: pepperSecret, as: UTF8.self) + "\n",
        ]
        files.merge(changed) { _, new in new }
        let all = files
        return GatewayLoader(methods: methods) { name in
            guard let text = all[name] else { throw MissingFile(name: name) }
            return Array(text.utf8)
        }
    }

    struct MissingFile: Error { let name: String }

    /// A header block as a connection hands it over.
    static func head(
        _ path: String = assess.path, method: String = "POST",
        type: String? = "application/grpc+assay", authority: String? = "api.bank.example",
        key: String? = Fixtures.key(1).text, extra: [(String, String)] = [], at: UInt64 = 1_000_000
    ) -> RequestHead {
        var fields = Metadata()
        fields.append(":method", method)
        fields.append(":scheme", "https")
        fields.append(":path", path)
        if let authority { fields.append(":authority", authority) }
        if let type { fields.append("content-type", type) }
        if let key { fields.append("x-api-key", key) }
        for (name, value) in extra { fields.append(name, value) }
        return RequestHead(fields: fields, receivedAt: Instant(nanoseconds: at))
    }

    static let peer = Peer(address: "192.0.2.1:5", isEncrypted: true)

    static func surroundings(now: UInt64 = 1_000_000) -> RequestPipeline.Surroundings {
        RequestPipeline.Surroundings(
            now: Instant(nanoseconds: now), wallClock: 2_000, entropy: 0xABCD)
    }
}
