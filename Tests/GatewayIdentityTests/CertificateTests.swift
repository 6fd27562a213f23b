import RPC
import Testing

@testable import GatewayCore

@Suite struct CertificateTests {
    private let snapshot: GatewaySnapshot
    private let signer = TestIssuer.signer(.es256)

    init() throws { snapshot = try TestGateway.snapshot() }

    private func certificate(
        spiffe: String? = nil, dns: [String] = [], thumbprint: UInt8 = 1,
        expiresAt: Int64 = TestIssuer.now + 3600
    ) -> PeerCertificate {
        PeerCertificate(
            spiffeID: spiffe, dnsNames: dns,
            thumbprint: [UInt8](repeating: thumbprint, count: 32), expiresAt: expiresAt)
    }

    private func run(
        _ certificate: PeerCertificate?, bearer: String? = nil, key: String? = nil
    ) -> TestGateway.Outcome {
        TestGateway.run(
            TestGateway.head(bearer: bearer, key: key), snapshot, certificate: certificate)
    }

    private let payments = "spiffe://bank.example/payments"

    @Test("SPIFFE ID, DNS name or thumbprint stand for a client")
    func names() throws {
        let cases: [(PeerCertificate, String)] = [
            (certificate(spiffe: payments), "payments"),
            (certificate(dns: ["other.example", "Batch.bank.example"]), "batch"),
            (certificate(thumbprint: 7), "pinned"),
        ]
        for (certificate, client) in cases {
            let outcome = run(certificate)
            let principal = try #require(outcome.principal, "\(outcome)")
            #expect(outcome.status == nil && principal.client == client)
            #expect(principal.credential == .certificate && principal.keyID == "bank/\(client)")
            #expect(principal.expires == certificate.expiresAt)
        }
    }

    @Test("a certificate that names nobody is no credential, but may accompany one")
    func unknown() throws {
        let strange = certificate(spiffe: "spiffe://bank.example/payments2", dns: ["example.com"])
        #expect(run(strange).reason == "NO_CREDENTIALS")
        #expect(run(strange, key: TestGateway.key.text).status == nil)
        #expect(run(strange, bearer: try signer.token()).status == nil)
        #expect(run(nil).reason == "NO_CREDENTIALS")
    }

    @Test("two credentials of one client go together, of two clients they are ambiguous")
    func twoCredentials() throws {
        let own = certificate(spiffe: payments)
        let other = certificate(dns: ["batch.bank.example"])
        #expect(run(own, key: TestGateway.key.text).principal?.credential == .apiKey)
        #expect(run(own, bearer: try signer.token()).principal?.credential == .token)
        for outcome in [
            run(other, key: TestGateway.key.text), run(other, bearer: try signer.token()),
            run(certificate(spiffe: payments, dns: ["batch.bank.example"])),
            run(certificate(spiffe: payments, thumbprint: 7)),
        ] {
            #expect(outcome.status == 401 && outcome.reason == "AMBIGUOUS", "\(outcome)")
        }
        // A wrong key is not made good by a certificate.
        #expect(run(own, key: "x").reason == "BAD_CREDENTIALS")
    }

    @Test("a certificate's end is the end of its connection's requests")
    func expired() {
        let old = certificate(spiffe: payments, expiresAt: TestIssuer.now)
        #expect(run(old).reason == "EXPIRED" && run(old, key: TestGateway.key.text).status == 401)
    }

    @Test("a bound token is good with its certificate alone, found in the cache or not")
    func boundToken() throws {
        let print = [UInt8](repeating: 9, count: 32)
        let cnf = "{\"x5t#S256\":\"\(TestSigner.text(print))\"}"
        let token = try signer.token(claims: ["cnf": cnf])
        for _ in 0..<2 {
            #expect(run(certificate(thumbprint: 9), bearer: token).status == nil)
            #expect(run(nil, bearer: token).reason == "BINDING")
            #expect(run(certificate(thumbprint: 8), bearer: token).reason == "BINDING")
        }
    }

    @Test("a confirmation that we cannot check is refused")
    func otherConfirmations() throws {
        let good = TestSigner.text([UInt8](repeating: 9, count: 32))
        for cnf in [
            "{\"jkt\":\"\(good)\"}", "{}", "null", "\"\(good)\"", "{\"x5t#S256\":5}",
            "{\"x5t#S256\":\"\(good)=\"}", "{\"x5t#S256\":\"AQAB\"}",
            "{\"x5t#S256\":\"\(good)\",\"jkt\":\"\(good)\"}",
        ] {
            let token = try signer.token(claims: ["cnf": cnf])
            #expect(run(certificate(thumbprint: 9), bearer: token).reason == "BINDING", "\(cnf)")
        }
    }
}
