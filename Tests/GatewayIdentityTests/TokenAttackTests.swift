import Crypto
import Foundation
import RPC
import Testing

@testable import GatewayCore

/// What people send who have no token: one test each. All of it is 401.
@Suite struct TokenAttackTests {
    private let snapshot: GatewaySnapshot
    private let signer = TestIssuer.signer(.es256)

    init() throws { snapshot = try TestGateway.snapshot() }

    private func refused(
        _ token: String, _ refusal: TokenRefusal, source: SourceLocation = #_sourceLocation
    ) {
        let outcome = TestGateway.run(TestGateway.head(bearer: token), snapshot)
        #expect(outcome.status == 401, "\(outcome)", sourceLocation: source)
        #expect(outcome.detail == refusal.rawValue, "\(outcome)", sourceLocation: source)
        #expect(outcome.principal == nil, sourceLocation: source)
    }

    private func unsigned(_ header: String) throws -> String {
        let token = try signer.token()
        return TestSigner.text(Array(header.utf8)) + token[token.firstIndex(of: ".")!...]
    }

    @Test("alg none, in every spelling, with and without a signature")
    func none() throws {
        for name in ["none", "None", "NONE", "nOnE", ""] {
            let header = "{\"alg\":\"\(name)\",\"kid\":\"\(signer.kid)\"}"
            let token = try unsigned(header)
            refused(token, .algorithm)
            refused(String(token[...token.lastIndex(of: ".")!]), .algorithm)
        }
        refused(try unsigned("{\"kid\":\"\(signer.kid)\"}"), .algorithm)
        refused(try unsigned("{\"alg\":null,\"kid\":\"\(signer.kid)\"}"), .algorithm)
        refused(try unsigned("{\"alg\":[\"ES256\"],\"kid\":\"\(signer.kid)\"}"), .algorithm)
    }

    @Test("HS256 with an RSA key's public numbers as the secret")
    func confusion() throws {
        let rsa = TestIssuer.signer(.rs256)
        let modulus = try #require(Base64URL.decode((rsa.members["n"] ?? "").utf8))
        for secret in [modulus, Array(rsa.jwk().utf8)] {
            let forged = try TestSigner.forged(rsa.kid, secret: secret, algorithm: "HS256")
            refused(forged, .algorithm)
            // The same code under the name of the key's own algorithm is no signature.
            refused(
                try TestSigner.forged(rsa.kid, secret: secret, algorithm: "RS256"), .signature)
        }
    }

    @Test("an algorithm that is not the key's")
    func otherAlgorithm() throws {
        for signer in TestIssuer.signers {
            for other in GatewayConfiguration.Algorithm.allCases where other != signer.algorithm {
                refused(
                    try signer.token(header: ["alg": "\"\(other.rawValue)\""]), .algorithm)
            }
        }
        for name in ["RS384", "ES512", "es256", "ES256K", "Ed25519", "RSA-OAEP", "dir"] {
            refused(try signer.token(header: ["alg": "\"\(name)\""]), .algorithm)
        }
    }

    @Test("kid: none, empty, too long, a path, a query, a list")
    func keyID() throws {
        refused(try signer.token(header: ["kid": nil]), .keyID)
        for kid in [
            "\"\"", "5", "[\"\(signer.kid)\"]", "\"\(String(repeating: "k", count: 129))\"",
        ] {
            refused(try signer.token(header: ["kid": kid]), .keyID)
        }
        for kid in [
            "../../../../dev/null", "/dev/null", "' OR 1=1 --", "key-ES256\\u0000",
            "file:///etc/passwd",
            "KEY-ES256", " key-ES256",
        ] {
            refused(try signer.token(header: ["kid": "\"\(kid)\""]), .unknownKey)
        }
    }

    @Test("jku, x5u, jwk and x5c point to the attacker's key")
    func keyInHeader() throws {
        let attacker = try TestSigner(.es256, kid: signer.kid)
        let additions: [[String: String?]] = [
            ["jku": "\"https://evil.example/jwks\""], ["x5u": "\"https://evil.example/chain\""],
            ["jwk": attacker.jwk()], ["x5c": "[\"MIIB\"]"],
        ]
        for header in additions {
            refused(try attacker.token(header: header), .signature)
            // A good token that carries them is judged without them.
            let good = try signer.token(header: header)
            #expect(TestGateway.run(TestGateway.head(bearer: good), snapshot).status == nil)
        }
        let stranger = try TestSigner(.es256, kid: "stranger")
        refused(try stranger.token(header: ["jwk": stranger.jwk()]), .unknownKey)
    }

    @Test("crit, whatever it says")
    func critical() throws {
        for value in ["[\"exp\"]", "[]", "null", "[\"b64\"]"] {
            refused(try signer.token(header: ["crit": value, "b64": "false"]), .critical)
        }
    }

    @Test("typ of another kind of signed JSON")
    func type() throws {
        for type in ["\"dpop+jwt\"", "\"logout+jwt\"", "\"secevent+jwt\"", "\"JOSE\"", "\"\"", "5"]
        {
            refused(try signer.token(header: ["typ": type]), .type)
        }
    }

    @Test("iss: none, another, nearly ours")
    func issuer() throws {
        for value in [
            nil, "\"https://evil.example\"", "\"\(TestIssuer.name)/\"",
            "\"\(TestIssuer.name.uppercased())\"", "[\"\(TestIssuer.name)\"]", "null",
        ] {
            refused(try signer.token(claims: ["iss": value]), .issuer)
        }
    }

    @Test("aud: none, another, nearly ours")
    func audience() throws {
        for value in [
            nil, "\"other\"", "\"Assay\"", "[]", "[\"other\"]", "5", "{\"assay\":1}", "null",
        ] {
            refused(try signer.token(claims: ["aud": value]), .audience)
        }
    }

    @Test("exp: none, a text, negative, past the end of time, beyond a double")
    func expiry() throws {
        for value in [
            nil, "null", "\"\(TestIssuer.now + 600)\"", "-1", "-1e300", "1e300", "253402300800",
            "[1]", "true", "{}",
        ] {
            refused(try signer.token(claims: ["exp": value]), .claim)
        }
        for value in ["1e999", "01", "+1", ".5", "1.", "0x10", "NaN", "Infinity", "1e", "-"] {
            refused(try signer.token(claims: ["exp": value]), .malformed)
        }
        refused(try signer.token(claims: ["exp": "0"]), .expired)
        refused(try signer.token(claims: ["exp": "\(TestIssuer.now - 61)"]), .expired)
        refused(try signer.token(claims: ["exp": "253402300799"]), .lifetime)
        for name in ["nbf", "iat"] {
            refused(try signer.token(claims: [name: "\"0\""]), .claim)
            refused(try signer.token(claims: [name: "1e300"]), .claim)
        }
    }

    @Test("a name that is there twice, in the header and in the claims")
    func duplicates() throws {
        let claims = "{\"iss\":\"\(TestIssuer.name)\",\"iss\":\"x\"}"
        let header = "{\"alg\":\"ES256\",\"kid\":\"\(signer.kid)\"}"
        refused(try signer.token(header: header, claims: claims), .malformed)
        let twice = "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"\(signer.kid)\"}"
        refused(try signer.token(header: twice, claims: "{}"), .malformed)
        let escaped = "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\",\"kid\":\"k\"}"
        refused(try signer.token(header: escaped, claims: "{}"), .malformed)
        refused(try signer.token(claims: ["cnf": "{\"a\":1,\"a\":2}"]), .malformed)
    }

    @Test("deep nesting, many values, text behind the object, no object, no UTF-8")
    func shapes() throws {
        let deep = String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000)
        refused(try signer.token(claims: ["x": deep]), .malformed)
        let open = String(repeating: "{\"a\":", count: 500)
        refused(try signer.token(claims: ["x": open]), .malformed)
        let many = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        refused(try signer.token(claims: ["x": many]), .malformed)
        let header = "{\"alg\":\"ES256\",\"kid\":\"\(signer.kid)\"}"
        for claims in [
            "", "[]", "5", "\"x\"", "null", "{}{}", "{} x", "{\"a\":1,}", "{a:1}", "\u{FEFF}{}",
        ] {
            refused(try signer.token(header: header, claims: claims), .malformed)
        }
        let broken =
            TestSigner.text(Array(header.utf8)) + "."
            + TestSigner.text([0x7B, 0x22, 0xFF, 0x22, 0x7D])
        refused(broken + ".AAAA", .malformed)
        refused(try signer.token(claims: ["x": "\"\\ud800\""]), .malformed)
        refused(try signer.token(claims: ["x": "\"\u{1}\""]), .malformed)
    }

    @Test("base64url: padding, spare bits, other alphabets, blanks")
    func spelling() throws {
        let token = try signer.token()
        let (head, rest) = (token.prefix { $0 != "." }, token.drop { $0 != "." })
        refused("\(head)=\(rest)", .malformed)
        refused(token + "=", .malformed)
        refused(token + " ", .malformed)
        refused(token + "\u{E9}", .malformed)
        refused(token.replacing("-", with: "+").replacing("_", with: "/") + "+", .malformed)
        // 64 bytes of a signature end in a digit of which only two bits are used.
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(digits.firstIndex(of: token.last ?? "A"))
        #expect(last % 16 == 0)
        for spare in 1..<16 { refused("\(token.dropLast())\(digits[last + spare])", .malformed) }
    }

    @Test("parts: too few, too many, empty ones, the five of an encrypted token")
    func parts() throws {
        let token = try signer.token()
        let parts = token.split(separator: ".")
        for text in [
            "x", ".", "..", "...", "\(parts[0]).\(parts[1])", "\(token).", "\(token).\(parts[2])",
            ".\(parts[1]).\(parts[2])", "\(parts[0])..\(parts[2])", "a.b.c.d.e",
        ] {
            refused(text, .malformed)
        }
        refused("\(parts[0]).\(parts[1]).", .signature)
    }

    @Test("larger than 8 KiB")
    func size() throws {
        let large = "\"\(String(repeating: "x", count: 8192))\""
        refused(try signer.token(claims: ["x": large]), .tooLarge)
    }

    @Test(
        "signatures: another key's, other claims', a bit changed, zeros, DER, too short, too long")
    func signatures() throws {
        for signer in TestIssuer.signers {
            let token = try signer.token()
            let other = try signer.token(claims: ["azp": "\"batch\""])
            let parts = token.split(separator: ".")
            let signed = "\(parts[0]).\(parts[1])."
            refused("\(signed)\(other.split(separator: ".")[2])", .signature)
            let good = try #require(Base64URL.decode(String(parts[2]).utf8))
            var forgeries: [[UInt8]] = [
                [UInt8](repeating: 0, count: good.count),
                [UInt8](repeating: 0xFF, count: good.count),
                Array(good.dropLast()), good + [0], [0] + good, [], Array(good.reversed()),
            ]
            for index in stride(from: 0, to: good.count, by: 7) {
                var changed = good
                changed[index] ^= 1 << UInt8(index % 8)
                forgeries.append(changed)
            }
            for forgery in forgeries { refused(signed + TestSigner.text(forgery), .signature) }
            let stranger = try TestSigner(signer.algorithm, kid: signer.kid)
            refused(try stranger.token(), .signature)
        }
        let token = try signer.token()
        let parts = token.split(separator: ".")
        let raw = try #require(Base64URL.decode(String(parts[2]).utf8))
        let der = try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation
        refused("\(parts[0]).\(parts[1])." + TestSigner.text(Array(der)), .signature)
    }

    @Test("a token in x-api-key, beside an API key, or twice")
    func places() throws {
        let token = try signer.token()
        let inKey = TestGateway.run(TestGateway.head(key: token), snapshot)
        #expect(inKey.status == 401 && inKey.reason == "BAD_CREDENTIALS")
        let both = TestGateway.run(
            TestGateway.head(bearer: token, key: TestGateway.key.text), snapshot)
        #expect(both.status == 401 && both.reason == "AMBIGUOUS")
    }

    @Test("an issuer may be held to its own tenants")
    func foreignTenant() throws {
        let held = try TestGateway.snapshot(issuer: "jwks_file: jwks.json, tenants: [closed]")
        let outcome = TestGateway.run(TestGateway.head(bearer: try signer.token()), held)
        #expect(outcome.status == 403 && outcome.reason == "TENANT")
    }
}

extension TestSigner {
    /// A token whose signature is an HMAC.
    static func forged(_ kid: String, secret: [UInt8], algorithm: String) throws -> String {
        let claims = TestIssuer.claims.sorted { $0.key < $1.key }
            .compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        let header = "{\"alg\":\"\(algorithm)\",\"kid\":\"\(kid)\"}"
        let signed =
            text(Array(header.utf8)) + "." + text(Array("{\(claims.joined(separator: ","))}".utf8))
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(signed.utf8), using: SymmetricKey(data: secret))
        return signed + "." + text(Array(code))
    }
}
