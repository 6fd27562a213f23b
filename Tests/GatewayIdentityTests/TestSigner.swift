import Crypto
import CryptoExtras
import Foundation

@testable import GatewayCore

/// A key pair of an issuer, and what it signs.
struct TestSigner: Sendable {
    typealias Algorithm = GatewayConfiguration.Algorithm

    let kid: String
    let algorithm: Algorithm
    /// The public key as members of a JWK.
    let members: [String: String]
    let sign: @Sendable ([UInt8]) throws -> [UInt8]

    init(_ algorithm: Algorithm, kid: String) throws {
        self.kid = kid
        self.algorithm = algorithm
        switch algorithm {
        case .rs256, .ps256:
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let numbers = try key.publicKey.getKeyPrimitives()
            let padding: _RSA.Signing.Padding = algorithm == .rs256 ? .insecurePKCS1v1_5 : .PSS
            members = [
                "kty": "RSA", "n": Self.text(Array(numbers.modulus)),
                "e": Self.text(Array(numbers.publicExponent)), "alg": algorithm.rawValue,
            ]
            sign = { message in
                Array(
                    try key.signature(for: SHA256.hash(data: message), padding: padding)
                        .rawRepresentation)
            }
        case .es256:
            let key = P256.Signing.PrivateKey()
            let point = Array(key.publicKey.rawRepresentation)
            members = [
                "kty": "EC", "crv": "P-256", "x": Self.text(Array(point[..<32])),
                "y": Self.text(Array(point[32...])),
            ]
            sign = { Array(try key.signature(for: SHA256.hash(data: $0)).rawRepresentation) }
        case .es384:
            let key = P384.Signing.PrivateKey()
            let point = Array(key.publicKey.rawRepresentation)
            members = [
                "kty": "EC", "crv": "P-384", "x": Self.text(Array(point[..<48])),
                "y": Self.text(Array(point[48...])),
            ]
            sign = { Array(try key.signature(for: SHA384.hash(data: $0)).rawRepresentation) }
        case .edDSA:
            let key = Curve25519.Signing.PrivateKey()
            members = [
                "kty": "OKP", "crv": "Ed25519",
                "x": Self.text(Array(key.publicKey.rawRepresentation)),
            ]
            sign = { Array(try key.signature(for: $0)) }
        }
    }

    /// The public key as JSON, with members changed or added.
    func jwk(_ changed: [String: String?] = [:]) -> String {
        var all = members
        all["kid"] = kid
        for (name, value) in changed { all[name] = value }
        let texts = all.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return "{\(texts.joined(separator: ","))}"
    }

    static func set(_ keys: [String]) -> [UInt8] {
        Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8)
    }

    /// A signed token of these two JSON texts, exactly as they are.
    func token(header: String, claims: String) throws -> String {
        let signed = Self.text(Array(header.utf8)) + "." + Self.text(Array(claims.utf8))
        return signed + "." + Self.text(try sign(Array(signed.utf8)))
    }

    /// A good token, but for what `header` and `claims` change: JSON texts by name, nil to leave out.
    func token(
        header: [String: String?] = [:], claims: [String: String?] = [:]
    ) throws -> String {
        var head: [String: String?] = [
            "alg": "\"\(algorithm.rawValue)\"", "kid": "\"\(kid)\"", "typ": "\"JWT\"",
        ]
        head.merge(header) { _, new in new }
        var body: [String: String?] = TestIssuer.claims
        body.merge(claims) { _, new in new }
        return try token(header: Self.object(head), claims: Self.object(body))
    }

    private static func object(_ members: [String: String?]) -> String {
        let texts = members.sorted { $0.key < $1.key }.compactMap { name, value in
            value.map { "\"\(name)\":\($0)" }
        }
        return "{\(texts.joined(separator: ","))}"
    }

    /// Base64url without padding.
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .filter { $0 != "=" }
    }
}

/// The issuer that all of these tests believe: one key of each algorithm.
enum TestIssuer {
    static let name = "https://login.bank.example"
    /// The wall clock of the tests, in seconds since 1970.
    static let now: Int64 = 1_800_000_000

    static let signers: [TestSigner] = {
        do {
            return try GatewayConfiguration.Algorithm.allCases.map {
                try TestSigner($0, kid: "key-\($0.rawValue)")
            }
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    static func signer(_ algorithm: GatewayConfiguration.Algorithm) -> TestSigner {
        signers.first { $0.algorithm == algorithm } ?? signers[0]
    }

    /// Of a good token, as JSON texts.
    static let claims: [String: String?] = [
        "iss": "\"\(name)\"", "aud": "\"assay\"", "exp": "\(now + 600)", "iat": "\(now - 60)",
        "nbf": "\(now - 60)", "tid": "\"bank\"", "azp": "\"payments\"",
        "scope": "\"risk.assess openid not.for.this.tenant\"",
    ]

    static let issuer = GatewayConfiguration.Issuer(
        issuer: name, audiences: ["assay"], keySetURL: nil, keySetFile: nil, authorities: nil,
        algorithm: nil, maximumLifetime: .seconds(3600),
        claims: .init(tenant: "tid", client: "azp"), tenants: [], place: SourcePlace())

    static func keySet(_ signers: [TestSigner] = signers) throws -> KeySet {
        try KeySet(json: TestSigner.set(signers.map { $0.jwk() }), algorithm: nil)
    }
}
