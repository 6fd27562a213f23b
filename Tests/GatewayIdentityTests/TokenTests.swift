import Foundation
import RPC
import Testing

@testable import GatewayCore

/// Tokens that are good, through the whole pipeline.
@Suite struct TokenTests {
    @Test("a token of each algorithm is let in, with tenant, client, scopes and plan")
    func good() throws {
        let snapshot = try TestGateway.snapshot()
        for signer in TestIssuer.signers {
            let token = try signer.token()
            for type in ["application/json", "application/grpc+assay"] {
                let outcome = TestGateway.run(TestGateway.head(bearer: token, type: type), snapshot)
                let principal = try #require(outcome.principal, "\(signer.algorithm) \(outcome)")
                #expect(outcome.status == nil)
                #expect(principal.tenant == "bank" && principal.client == "payments")
                #expect(principal.keyID == "bank/payments" && principal.credential == .token)
                #expect(principal.scopeHeader == "risk.assess")
                #expect(snapshot.plans[principal.plan].name == "core")
                #expect(principal.expires == TestIssuer.now + 600)
            }
        }
    }

    @Test("scopes come from a text or a list, roles from a list, aud may be a list")
    func forms() throws {
        let signer = TestIssuer.signer(.es256)
        let snapshot = try TestGateway.snapshot()
        let forms: [[String: String?]] = [
            ["scope": nil, "scp": "[\"risk.assess\"]"], ["scope": "[\"risk.assess\"]"],
            ["scope": nil, "roles": "[\"assessor\",\"unknown\"]"],
            ["aud": "[\"other\",\"assay\"]"], ["nbf": nil, "iat": nil],
            ["exp": "\(TestIssuer.now + 600).75"], ["exp": "1.8000006e9"],
        ]
        for form in forms {
            let token = try signer.token(claims: form)
            let outcome = TestGateway.run(TestGateway.head(bearer: token), snapshot)
            #expect(outcome.principal?.scopeHeader == "risk.assess", "\(form) \(outcome)")
        }
        for type in ["\"at+jwt\"", "\"JWT\"", "\"jwt\"", "\"application/at+jwt\"", nil] {
            let token = try signer.token(header: ["typ": type])
            #expect(TestGateway.run(TestGateway.head(bearer: token), snapshot).status == nil)
        }
    }

    @Test(
        "without the scope 403, a suspended client and a closed tenant 403, an unknown tenant 403")
    func forbidden() throws {
        let signer = TestIssuer.signer(.edDSA)
        let snapshot = try TestGateway.snapshot()
        let cases: [([String: String?], String)] = [
            (["scope": "\"openid\""], "SCOPE"), (["scope": nil], "SCOPE"),
            (["azp": "\"suspended\""], "SUSPENDED"), (["tid": "\"closed\""], "SUSPENDED"),
            (["tid": "\"nobody\""], "TENANT"), (["tid": nil], "TENANT"),
            (["tid": "\"a b\\n\""], "TENANT"),
        ]
        for (claims, reason) in cases {
            let token = try signer.token(claims: claims)
            let outcome = TestGateway.run(TestGateway.head(bearer: token), snapshot)
            #expect(outcome.status == 403 && outcome.reason == reason, "\(claims) \(outcome)")
        }
    }

    @Test("clocks may be a minute apart, not more; an expired token says so")
    func skew() throws {
        let signer = TestIssuer.signer(.es256)
        let snapshot = try TestGateway.snapshot()
        func outcome(_ name: String, _ offset: Int64) throws -> TestGateway.Outcome {
            let token = try signer.token(claims: [name: "\(TestIssuer.now + offset)"])
            return TestGateway.run(TestGateway.head(bearer: token), snapshot)
        }
        #expect(try outcome("exp", -59).status == nil)
        #expect(try outcome("exp", -60).reason == "EXPIRED")
        #expect(try outcome("nbf", 60).status == nil)
        #expect(try outcome("nbf", 61).detail == "token_not_yet_valid")
        #expect(try outcome("iat", 61).detail == "token_not_yet_valid")
        #expect(try outcome("exp", 3540).status == nil)
        #expect(try outcome("exp", 3541).detail == "token_lifetime")
    }

    @Test("a token is verified once, then found; not past its end, and not without its key")
    func cache() throws {
        let issuer = TestIssuer.issuer
        let signer = TestIssuer.signer(.es256)
        var scopes = ScopeTable()
        let configuration = try TestGateway.snapshot().configuration
        let resolver = try PrincipalResolver(configuration, scopes: &scopes)
        let clock = TestClock()
        let source = TestSource(nil)
        let keys = KeySetCache(
            issuer: issuer.issuer, algorithm: nil, fallback: try TestIssuer.keySet([signer]),
            surroundings: clock.surroundings, fetch: source.fetch)
        let cache = TokenCache(capacity: 64)
        let verifier = TokenVerifier(
            issuers: [TokenIssuer(configuration: issuer, keys: .fetched(keys))],
            resolver: resolver, cache: cache)
        let text = try signer.token()
        let token = Array(text.utf8)[...]
        func verify(_ wallClock: Int64 = TestIssuer.now, after: Duration = .zero) -> String {
            let circumstances = Authenticator.Circumstances(
                wallClock: wallClock, now: clock.now + after, certificate: nil, round: 2)
            switch verifier.verify(token, circumstances) {
            case .principal(let principal), .remembered(let principal): return principal.client
            case .refused(let refusal): return refusal.rawValue
            case .wait: return "wait"
            }
        }
        #expect(verify() == "payments")
        let known = try #require(cache.token(TokenDigest(token)))
        #expect(verify() == "payments" && cache.token(TokenDigest(token)) === known)
        // After a minute it is verified again; past its end, and long before its beginning, it is not good.
        #expect(verify(after: .seconds(60)) == "payments")
        #expect(cache.token(TokenDigest(token)) !== known)
        #expect(verify(TestIssuer.now + 660) == "token_expired")
        #expect(verify(TestIssuer.now - 3600) == "token_not_yet_valid")
        // Another key under the same name, and the token is nobody's.
        keys.replaceFallback(try TestIssuer.keySet([try TestSigner(.es256, kid: signer.kid)]))
        #expect(verify() == "token_signature")
        keys.replaceFallback(try TestIssuer.keySet([TestIssuer.signer(.rs256)]))
        #expect(verify() == "token_unknown_key")
    }

    @Test("the cache is bounded: what does not fit is verified again")
    func bounded() throws {
        let cache = TokenCache(capacity: 64)
        let set = try TestIssuer.keySet()
        func token(_ index: Int) -> VerifiedToken {
            VerifiedToken(
                digest: TokenDigest(Array("\(index)".utf8)[...]),
                principal: APIKeyRecord.dummy.principal, certificate: nil, issuer: 0, keyID: "",
                keyFingerprint: [], keySet: set, validFrom: 0, validUntil: 1,
                staleAt: Instant(nanoseconds: UInt64(index)))
        }
        for index in 0..<10_000 {
            let token = token(index)
            cache.insert(token)
            #expect(cache.token(token.digest) === token)
        }
        let left = (0..<10_000).count { cache.token(token($0).digest) != nil }
        #expect((1...64).contains(left))
    }
}
