import Testing

@testable import GatewayCore

@Suite struct KeySetTests {
    private let signer = TestIssuer.signer(.es256)

    private func refusal(_ json: [UInt8]) -> KeySet.Refusal? {
        do throws(KeySet.Refusal) {
            _ = try KeySet(json: json, algorithm: nil)
            return nil
        } catch {
            return error
        }
    }

    @Test("what is no key set is refused: unreadable, empty, too large, too many, a kid twice")
    func refusals() {
        let key = signer.jwk()
        #expect(refusal(TestSigner.set([])) == .empty)
        #expect(refusal(TestSigner.set([key, key])) == .duplicate(signer.kid))
        let many = (0..<65).map { signer.jwk(["kid": "k\($0)"]) }
        #expect(refusal(TestSigner.set(many)) == .tooManyKeys)
        #expect(refusal(TestSigner.set(Array(many.dropLast()))) == nil)
        #expect(refusal([UInt8](repeating: 0x20, count: 262_145)) == .tooLarge)
        for text in ["", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[5]}", "<html>", "{\"keys\":[]"] {
            guard case .unreadable = refusal(Array(text.utf8)) else {
                Issue.record("\(text) was read: \(String(describing: refusal(Array(text.utf8))))")
                continue
            }
        }
    }

    @Test("keys that tokens cannot be verified with are left out, the others stay")
    func leftOut() throws {
        let rsa = TestIssuer.signer(.rs256)
        let odd: [String] = [
            signer.jwk(["kid": "a", "use": "enc"]), signer.jwk(["kid": "b", "alg": "RS256"]),
            signer.jwk(["kid": "c", "crv": "P-521"]), signer.jwk(["kid": "d", "kty": "oct"]),
            signer.jwk(["kid": "e", "kty": "oct", "k": "c2VjcmV0"]),
            signer.jwk(["kid": "f", "d": "AQAB"]), signer.jwk(["kid": "g", "x": "AQAB"]),
            signer.jwk(["kid": "h", "y": signer.members["x"]]), signer.jwk(["kid": nil]),
            signer.jwk(["kid": String(repeating: "k", count: 129)]),
            rsa.jwk(["kid": "i", "alg": nil]), rsa.jwk(["kid": "j", "alg": "RS512"]),
            rsa.jwk(["kid": "k", "e": "AQ"]), rsa.jwk(["kid": "l", "e": "Ag"]),
            rsa.jwk(["kid": "m", "n": TestSigner.text([UInt8](repeating: 0xC1, count: 128))]),
            rsa.jwk(["kid": "n", "n": TestSigner.text([UInt8](repeating: 0xC1, count: 2048))]),
            rsa.jwk(["kid": "o", "n": "AQ=="]),
        ]
        let set = try KeySet(json: TestSigner.set(odd + [signer.jwk()]), algorithm: nil)
        #expect(Set(set.keys.keys) == [signer.kid], "\(set.keys.keys.sorted())")
        #expect(set.skipped.count == odd.count)
        #expect(refusal(TestSigner.set(odd)) == .empty)
    }

    @Test("an RSA key without alg has the issuer's")
    func standardAlgorithm() throws {
        let json = TestSigner.set([TestIssuer.signer(.rs256).jwk(["alg": nil])])
        for algorithm in [GatewayConfiguration.Algorithm.rs256, .ps256] {
            let set = try KeySet(json: json, algorithm: algorithm)
            #expect(set.keys.values.map(\.algorithm) == [algorithm])
        }
        #expect(throws: KeySet.Refusal.empty) { try KeySet(json: json, algorithm: .es256) }
    }

    @Test("max-age is read from cache-control")
    func maximumAge() {
        func age(_ field: String?) -> Int64? {
            KeySetCache.Document(bytes: [], cacheControl: field).maximumAge
        }
        #expect(age("public, max-age=3600, must-revalidate") == 3600)
        #expect(age("Max-Age = 60") == 60)
        #expect(age("no-store") == 0 && age("max-age=5, no-cache") == 0)
        for field in [nil, "", "max-age", "max-age=", "max-age=-5", "max-age=x", "s-maxage=5"] {
            #expect(age(field) == nil)
        }
    }
}
