import GatewayCore
import RPC

/// A gateway of 1,000 keys and one issuer.
struct BenchGateway {
    let snapshot: GatewaySnapshot
    var authenticator: Authenticator { snapshot.authenticator }
    let key: APIKey

    static func key(_ number: Int, secret: UInt8 = 1) -> APIKey {
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes[0] = UInt8(number >> 8 & 0xFF)
        bytes[1] = UInt8(number & 0xFF)
        return APIKey(idBytes: bytes, secretBytes: [UInt8](repeating: secret, count: 32))
    }

    init(_ signers: [BenchSigner]) throws {
        let pepper = "0123456789abcdef0123456789abcdef"
        guard let stored = Pepper(version: 1, secret: Array(pepper.utf8)) else {
            fatalError("a pepper")
        }
        let entries = (0..<1000).map { number in
            let key = Self.key(number)
            return APIKeyFile.Entry(
                id: key.id, tenant: "bank", client: "payments", plan: nil,
                scopes: ["risk.assess"], mac: stored.mac(of: key), pepper: 1)
        }
        let files = [
            "/g/gateway.yaml": Self.yaml(hasIssuer: !signers.isEmpty), "/g/pepper-1": pepper,
            "/g/keys.yaml": APIKeyFile(entries: entries).yaml,
            "/g/jwks.json": "{\"keys\":[\(signers.map(\.jwk).joined(separator: ","))]}",
        ]
        let method = MethodDescriptor(
            path: "/assay.risk.v1.RiskAssessment/AssessTransaction", kind: .unary,
            access: .scope("risk.assess", mutualTLS: true))
        let loader = GatewayLoader(methods: [method]) { Array((files[$0] ?? "").utf8) }
        snapshot = try loader.load("/g/gateway.yaml")
        key = Self.key(500)
    }

    private static func yaml(hasIssuer: Bool) -> String {
        let issuers = """
              issuers:
                - { issuer: "\(BenchSigner.issuer)", audience: assay, jwks_file: jwks.json, claims: { tenant: tid, client: azp } }

            """
        return """
            version: 1
            listeners: [ { name: public, port: 8443, tls: { certificate: e.pem, key: e.key } } ]
            admin: { port: 9901 }
            authentication:
              api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } }
            \(hasIssuer ? issuers : "")authorization:
              tenants: { bank: { scopes: [risk.assess, risk.decisions.read] } }
            limits:
              plans:
                default:
                  tenant: { limit: 1000000, period: 1s, burst: 1000000000 }
                  client: { limit: 1000000, period: 1s, burst: 1000000000 }
                  concurrency: { client: 1000, tenant: 1000 }
            capacity: { in_flight: 100000, memory: 1000GiB }
            routes: [ { service: assay.risk.v1.RiskAssessment, upstream: risk } ]
            upstreams: { risk: { target: "127.0.0.1:7002", expect: ["spiffe://a.example/r"] } }
            """
    }
}
