import RPC

@testable import GatewayCore

/// A gateway's configuration with an issuer and certificates, and requests to it.
enum TestGateway {
    static let assess = MethodDescriptor(
        path: "/assay.risk.v1.RiskAssessment/AssessTransaction", kind: .unary,
        access: .scope("risk.assess", mutualTLS: true), cost: 5, deadline: .seconds(1),
        maximumRequestBytes: 4096, maximumResponseBytes: 65_536)

    static func yaml(issuer: String = "jwks_file: jwks.json") -> String {
        """
        version: 1
        listeners:
          - { name: public, port: 8443, tls: { certificate: e.pem, key: e.key, client_ca: ca.pem, client_certificate: optional } }
        admin: { port: 9901 }
        authentication:
          api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } }
          issuers:
            - { issuer: "\(TestIssuer.name)", audience: assay, \(issuer), max_lifetime: 1h, claims: { tenant: tid, client: azp } }
          certificates:
            - { spiffe: "spiffe://bank.example/payments", tenant: bank, client: payments, roles: [assessor] }
            - { dns: batch.bank.example, tenant: bank, client: batch, scopes: [risk.assess] }
            - { sha256: "\(String(repeating: "07", count: 32))", tenant: bank, client: pinned, roles: [assessor] }
        authorization:
          roles: { assessor: [risk.assess] }
          tenants:
            bank: { scopes: [risk.assess, risk.decisions.read] }
            closed: { active: false, scopes: [risk.assess] }
        clients: { bank/suspended: { suspended: true }, bank/payments: { plan: core } }
        limits:
          plans:
            core: { client: { limit: 2000, period: 1s, burst: 4000 } }
        routes:
          - { service: assay.risk.v1.RiskAssessment, upstream: risk }
        upstreams:
          risk: { target: "127.0.0.1:7002", expect: ["spiffe://assay.example/ns/default/sa/assay-risk"] }
        """
    }

    static let pepper = "0123456789abcdef0123456789abcdef"

    static let key = APIKey(
        idBytes: [UInt8](repeating: 1, count: 8), secretBytes: [UInt8](repeating: 2, count: 32))

    /// The record of `key`.
    static var entry: APIKeyFile.Entry {
        let mac = Pepper(version: 1, secret: Array(pepper.utf8))?.mac(of: key) ?? []
        return APIKeyFile.Entry(
            id: key.id, tenant: "bank", client: "payments", plan: nil,
            scopes: ["risk.assess", "risk.decisions.read"], mac: mac, pepper: 1)
    }

    static func snapshot(
        issuer: String = "jwks_file: jwks.json", identities: IdentityState = IdentityState()
    ) throws -> GatewaySnapshot {
        let files = [
            "/g/gateway.yaml": Array(yaml(issuer: issuer).utf8),
            "/g/keys.yaml": Array(APIKeyFile(entries: [entry]).yaml.utf8),
            "/g/pepper-1": Array(pepper.utf8),
            "/g/jwks.json": TestSigner.set(TestIssuer.signers.map { $0.jwk() }),
        ]
        struct Missing: Error { let name: String }
        return try GatewayLoader(methods: [assess], identities: identities) { name in
            guard let bytes = files[name] else { throw Missing(name: name) }
            return bytes
        }.load("/g/gateway.yaml")
    }

    static func head(
        bearer: String? = nil, key: String? = nil, type: String = "application/json"
    ) -> RequestHead {
        var fields = Metadata()
        fields.append(":method", "POST")
        fields.append(":scheme", "https")
        fields.append(":path", assess.path)
        fields.append(":authority", "api.bank.example")
        fields.append("content-type", type)
        if let bearer { fields.append("authorization", "Bearer \(bearer)") }
        if let key { fields.append("x-api-key", key) }
        return RequestHead(fields: fields, receivedAt: Instant(nanoseconds: 1_000_000))
    }

    static let surroundings = RequestPipeline.Surroundings(
        now: Instant(nanoseconds: 2_000_000), wallClock: TestIssuer.now, entropy: 1)

    struct Outcome {
        var status: Int?
        var reason: String
        var detail: String
        var principal: Principal?
    }

    /// What becomes of a request; its status is nil if it is let in.
    static func run(
        _ head: RequestHead, _ snapshot: GatewaySnapshot, certificate: PeerCertificate? = nil
    ) -> Outcome {
        var pipeline = RequestPipeline(
            snapshot: snapshot, limits: GatewayLimits(capacity: 16, seed: 1))
        let peer = Peer(
            address: "192.0.2.1:5", isEncrypted: true, certificate: certificate)
        let verdict = pipeline.received(head, from: peer, surroundings)
        var outcome = Outcome(
            status: nil, reason: pipeline.log.reason, detail: pipeline.log.detail,
            principal: pipeline.principal)
        if case .reject(let reply) = verdict { outcome.status = reply.status }
        return outcome
    }
}
