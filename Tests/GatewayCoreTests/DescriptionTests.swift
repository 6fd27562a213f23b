import AssayMessages
import Foundation
import RPC
import Testing

@testable import GatewayCore

@Suite("What a gateway says of its methods") struct DescriptionTests {
    private static let yaml = """
        version: 1
        listeners:
          - { name: public, port: 8443, tls: { certificate: e.pem, key: e.key, client_ca: ca.pem, client_certificate: optional }, authorities: [api.bank.example] }
          - { name: inner, port: 8444, tls: { certificate: e.pem, key: e.key, client_ca: ca.pem, client_certificate: required } }
        admin: { port: 9901 }
        mesh: { certificate: m.pem, key: m.key, bundle: ca.pem }
        authentication:
          api_keys: { file: keys.yaml, peppers: { 1: pepper-1 } }
          certificates: [ { dns: batch.bank.example, tenant: bank, client: batch, scopes: [risk.assess] } ]
        authorization: { tenants: { bank: { scopes: [risk.assess] } } }
        limits: { address: { limit: 60, period: 60s, burst: 6 } }
        routes:
          - { service: assay.risk.v1.RiskAssessment, upstream: risk, listeners: [public] }
          - { service: assay.models.v1.ModelServing, upstream: risk, client_certificate: required }
        upstreams: { risk: { target: "127.0.0.1:7002", expect: ["spiffe://assay.example/ns/default/sa/assay-risk"] } }
        """

    private func handler(_ log: AccessLog? = nil) throws -> FrontHandler {
        let files = [
            "/g/gateway.yaml": Self.yaml, "/g/keys.yaml": APIKeyFile(entries: []).yaml,
            "/g/pepper-1": "0123456789abcdef0123456789abcdef",
        ]
        struct Missing: Error {}
        let snapshot = try GatewayLoader(methods: PolicyTable.all) { name in
            guard let text = files[name] else { throw Missing() }
            return Array(text.utf8)
        }.load("/g/gateway.yaml")
        let serving = ServingSlot(
            ServingState(
                snapshot: snapshot, upstreams: [FakeUpstream { _ in throw Missing() }]))
        let limits = GatewayLimits(capacity: 16, seed: 1)
        let clock = GatewayClock(
            now: { Instant(nanoseconds: 2_000_000) }, unixMilliseconds: { 2_000_000 })
        let gateway = GatewayHandler(
            serving: serving, limits: limits, clock: clock, log: log,
            counters: GatewayCounters(), seed: 7)
        let callers = APIKeyAuthorizer(serving: serving, limits: limits, clock: clock)
        return FrontHandler(
            own: ServiceRouter([], authorizer: callers), callers: callers, gateway: gateway)
    }

    private func ask(
        _ handler: FrontHandler, listener: Int = 0, method: String = "GET",
        authority: String = "api.bank.example", extra: [(String, String)] = []
    ) -> RawReply? {
        let head = Fixtures.head(
            "/openapi.json", method: method, type: nil, authority: authority, key: nil,
            extra: extra)
        let peer = Peer(address: "192.0.2.1:5", isEncrypted: listener == 0, listener: listener)
        guard case .accept(let acceptance) = handler.admit(head, from: peer) else { return nil }
        return [UInt8]().withUnsafeBytes { bytes in
            let request = InboundRequest(
                head: head, acceptance: acceptance, peer: peer, body: bytes)
            guard case .reply(.raw(let reply)) = handler.handle(request) else { return nil }
            return reply
        }
    }

    private func document(_ reply: RawReply?) throws -> [String: Any] {
        let body = try #require(reply?.body)
        let value = try JSONSerialization.jsonObject(with: Data(body))
        return try #require(value as? [String: Any])
    }

    private func security(_ document: [String: Any], _ path: String) -> [[String: [String]]]? {
        let item = (document["paths"] as? [String: Any])?[path] as? [String: Any]
        return (item?["post"] as? [String: Any])?["security"] as? [[String: [String]]]
    }

    @Test("a listener's document has its methods, their types, and the credentials that are enough")
    func listeners() throws {
        let handler = try handler()
        let all = try document(ask(handler))
        let assess = "/assay.risk.v1.RiskAssessment/AssessTransaction"
        let predict = "/assay.models.v1.ModelServing/Predict"
        #expect(
            security(all, assess) == [
                ["apiKey": ["risk.assess"]], ["bearer": ["risk.assess"]],
                ["mutualTLS": ["risk.assess"]],
            ])
        let models = security(all, predict)
        #expect(models?.count == 3 && models?.allSatisfy { $0["mutualTLS"] != nil } == true)
        let inner = try document(ask(handler, listener: 1))
        let paths = try #require(inner["paths"] as? [String: Any])
        #expect(paths[assess] == nil && paths[predict] != nil)
        // Every type that is named is there, and no other.
        let components = try #require(inner["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: Any])
        let text = String(
            decoding: try JSONSerialization.data(
                withJSONObject: inner, options: .withoutEscapingSlashes), as: UTF8.self)
        for name in schemas.keys {
            #expect(text.contains("\"#/components/schemas/\(name)\""), "\(name)")
        }
        #expect(schemas.keys.allSatisfy { !$0.hasPrefix("assay.risk.") })
        for part in text.components(separatedBy: "\"#/components/schemas/").dropFirst() {
            let name = String(part.prefix { $0 != "\"" })
            #expect(schemas[name] != nil, "\(name)")
        }
    }

    @Test(
        "who has the document is not sent it again; it is to be read, under a name that is served")
    func conditional() throws {
        let log = AccessLog()
        let handler = try handler(log)
        let first = try #require(ask(handler))
        let tag = try #require(first.headers["etag"])
        #expect(first.status == 200 && first.headers["cache-control"] == "no-cache")
        #expect(first.headers["content-type"] == "application/json")
        for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let reply = ask(handler, extra: [("if-none-match", known)])
            #expect(
                reply?.status == 304 && reply?.body.isEmpty == true && reply?.headers["etag"] == tag
            )
        }
        #expect(ask(handler, method: "POST")?.status == 405)
        #expect(ask(handler, authority: "evil.example")?.status == 421)
        let lines = String(decoding: log.drain().bytes, as: UTF8.self)
        #expect(lines.contains("\"method\":\"/openapi.json\"") && lines.contains("\"http\":304"))
    }

    @Test("an address that asks too often is refused, as with any call that needs no identity")
    func limited() throws {
        let handler = try handler()
        for _ in 0..<6 { #expect(ask(handler)?.status == 200) }
        let refused = ask(handler)
        #expect(refused?.status == 429 && refused?.headers["retry-after"] != nil)
    }
}
