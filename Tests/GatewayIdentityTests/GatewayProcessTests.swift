import Foundation
import TLS
import TestSupport
import Testing

@testable import GatewayCore

/// The gateway as it is run, with an issuer that is a real https server.
@Suite(.serialized) struct GatewayProcessTests {
    private let old = TestIssuer.signer(.es256)
    private let new = TestIssuer.signer(.ps256)

    /// A token for now, by the machine's clock.
    private func token(
        _ signer: TestSigner, header: [String: String?] = [:], claims: [String: String?] = [:]
    ) throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        var dates: [String: String?] = [
            "exp": "\(now + 600)", "iat": "\(now - 10)", "nbf": "\(now - 10)",
            "scope": "\"risk.decisions.read\"",
        ]
        dates.merge(claims) { _, new in new }
        return try signer.token(header: header, claims: dates)
    }

    @Test("alg none, HS256 with an RSA key, kid path, jku, expired, wrong aud: all 401")
    func attacks() async throws {
        let host = try await IssuerHost(TestSigner.set(TestIssuer.signers.map { $0.jwk() }))
        let gateway = try await GatewayProcess(issuer: host)
        try await gateway.wait("/metrics") { $0.contains("result=\"ok\"} 1") }
        let good = try TestIssuer.signers.map { try token($0) }
        #expect(try await gateway.call(good) == [GatewayProcess.letIn: good.count])
        let rsa = TestIssuer.signer(.rs256)
        let modulus = try #require(Base64URL.decode((rsa.members["n"] ?? "").utf8))
        let parts = try token(old).split(separator: ".")
        let none = TestSigner.text(Array("{\"alg\":\"none\",\"kid\":\"\(old.kid)\"}".utf8))
        let stranger = try TestSigner(.es256, kid: old.kid)
        let bad = [
            "\(none).\(parts[1]).",
            try TestSigner.forged(rsa.kid, secret: modulus, algorithm: "HS256"),
            try token(old, header: ["kid": "\"../../../../dev/null\""]),
            try token(stranger, header: ["jku": "\"https://evil.example/jwks\""]),
            try token(stranger, header: ["jwk": stranger.jwk()]),
            try token(old, claims: ["aud": "\"other\""]), "x", "a.b.c",
        ]
        #expect(try await gateway.call(bad) == ["401 BAD_CREDENTIALS": bad.count])
        let expired = try token(old, claims: ["exp": "1000000000", "iat": "999999999"])
        #expect(try await gateway.call([expired]) == ["401 EXPIRED": 1])
        #expect(try await gateway.call(["-"]) == ["401 NO_CREDENTIALS": 1])
        let metrics = try await gateway.page("/metrics")
        #expect(metrics.contains("assay_gateway_jwks_keys{issuer=\"\(TestIssuer.name)\"} 5"))
    }

    @Test("keys rotate without overlap under load: no token of the new key is refused, one fetch")
    func rotation() async throws {
        let host = try await IssuerHost(TestSigner.set([old.jwk()]))
        let gateway = try await GatewayProcess(issuer: host)
        try await gateway.wait("/metrics") { $0.contains("result=\"ok\"} 1") }
        #expect(try await gateway.call([try token(old)]) == [GatewayProcess.letIn: 1])
        try host.serve(TestSigner.set([new.jwk()]))
        let fresh = try (0..<200).map { try token(new, claims: ["jti": "\"\($0)\""]) }
        #expect(
            try await gateway.call(fresh, threads: 16) == [GatewayProcess.letIn: fresh.count])
        #expect(try await gateway.call([try token(old)]) == ["401 BAD_CREDENTIALS": 1])
        #expect(try await gateway.page("/metrics").contains("result=\"ok\"} 2"))
    }

    @Test(
        "a storm of unknown kids causes at most one fetch per ten seconds; the issuer gone, known keys work"
    )
    func storm() async throws {
        let host = try await IssuerHost(TestSigner.set([old.jwk()]))
        let gateway = try await GatewayProcess(issuer: host)
        try await gateway.wait("/metrics") { $0.contains("result=\"ok\"} 1") }
        let clock = ContinuousClock()
        let start = clock.now
        let text = try token(old)
        let rest = text[text.firstIndex(of: ".")!...]
        let storm = (0..<1500).map { index in
            TestSigner.text(Array("{\"alg\":\"ES256\",\"kid\":\"storm-\(index)\"}".utf8)) + rest
        }
        let answers = try await gateway.call(storm, threads: 16)
        #expect(answers == ["401 BAD_CREDENTIALS": storm.count], "\(answers)")
        let fetches = Int((clock.now - start) / .seconds(10)) + 1
        let metrics = try await gateway.page("/metrics")
        let asked = (0...fetches).contains { metrics.contains("result=\"ok\"} \(1 + $0)\n") }
        #expect(asked, "more than \(fetches) fetches")
        host.stop()
        #expect(try await gateway.call([text, text]) == [GatewayProcess.letIn: 2])
        #expect(try await gateway.call([storm[0]]) == ["401 BAD_CREDENTIALS": 1])
    }

    @Test("a redirecting JWKS is refused: the gateway is not ready, and says why")
    func redirecting() async throws {
        let host = try await IssuerHost(TestSigner.set([old.jwk()]))
        let gateway = try await GatewayProcess(issuer: host, path: "/redirect")
        try await gateway.wait("/metrics") { $0.contains("result=\"failed\"} 1") }
        #expect(try await gateway.page("/readyz").contains("issuer"))
        #expect(try await gateway.call([try token(old)]) == ["401 BAD_CREDENTIALS": 1])
    }

    @Test("a client certificate is a credential, and a token may be bound to it")
    func certificates() async throws {
        let host = try await IssuerHost(TestSigner.set([old.jwk()]))
        let gateway = try await GatewayProcess(issuer: host)
        try await gateway.wait("/metrics") { $0.contains("result=\"ok\"} 1") }
        let payments = try gateway.authority.issue(
            LeafCertificateRequest(
                commonName: "payments", spiffeID: SPIFFEID("spiffe://bank.example/payments")))
        let batch = try gateway.authority.issue(
            LeafCertificateRequest(commonName: "batch", dnsNames: ["batch.bank.example"]))
        let text = try token(old)
        #expect(try await gateway.call(["-"], as: payments) == [GatewayProcess.letIn: 1])
        #expect(
            try await gateway.call(["-", text], as: batch) == [
                GatewayProcess.letIn: 1, "401 AMBIGUOUS": 1,
            ])
        let print = TestSigner.text(try payments.subject().fingerprint)
        let bound = try token(old, claims: ["cnf": "{\"x5t#S256\":\"\(print)\"}"])
        #expect(try await gateway.call([bound], as: payments) == [GatewayProcess.letIn: 1])
        #expect(try await gateway.call([bound]) == ["401 BINDING": 1])
    }
}
