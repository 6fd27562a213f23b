import Crypto
import CryptoExtras
import Foundation

/// A key pair per algorithm: its JWK, and a token.
struct BenchSigner {
    let algorithm: String
    let jwk: String
    let token: [UInt8]

    static let algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
    static let issuer = "https://login.bank.example"
    /// Seconds since 1970.
    static let now: Int64 = 1_800_000_000

    init(_ algorithm: String) throws {
        self.algorithm = algorithm
        let members: String
        let sign: ([UInt8]) throws -> Data
        switch algorithm {
        case "RS256", "PS256":
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let numbers = try key.publicKey.getKeyPrimitives()
            let padding: _RSA.Signing.Padding = algorithm == "RS256" ? .insecurePKCS1v1_5 : .PSS
            members =
                "\"kty\":\"RSA\",\"n\":\"\(Self.text(numbers.modulus))\","
                + "\"e\":\"\(Self.text(numbers.publicExponent))\""
            sign = {
                try key.signature(for: SHA256.hash(data: $0), padding: padding).rawRepresentation
            }
        case "ES256":
            let key = P256.Signing.PrivateKey()
            members = Self.curve("EC", "P-256", key.publicKey.rawRepresentation)
            sign = { try key.signature(for: SHA256.hash(data: $0)).rawRepresentation }
        case "ES384":
            let key = P384.Signing.PrivateKey()
            members = Self.curve("EC", "P-384", key.publicKey.rawRepresentation)
            sign = { try key.signature(for: SHA384.hash(data: $0)).rawRepresentation }
        default:
            let key = Curve25519.Signing.PrivateKey()
            let x = Self.text(key.publicKey.rawRepresentation)
            members = "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\(x)\""
            sign = { try key.signature(for: $0) }
        }
        jwk = "{\"kid\":\"\(algorithm)\",\"alg\":\"\(algorithm)\",\(members)}"
        let header = "{\"alg\":\"\(algorithm)\",\"typ\":\"at+jwt\",\"kid\":\"\(algorithm)\"}"
        let claims = """
            {"iss":"\(Self.issuer)","sub":"5c2f0f6e-7a55-4b0e-9a3b-2f1c7b8f1a11","aud":"assay",\
            "exp":\(Self.now + 3000),"iat":\(Self.now),"jti":"1f3b7c11-61a2-4d43-b6b3-1b3f1a6f8e0d",\
            "tid":"bank","azp":"payments","scope":"risk.assess risk.decisions.read openid"}
            """
        let signed = Self.text(Data(header.utf8)) + "." + Self.text(Data(claims.utf8))
        token = Array((signed + "." + Self.text(try sign(Array(signed.utf8)))).utf8)
    }

    private static func curve(_ kind: String, _ name: String, _ point: Data) -> String {
        let (x, y) = (point.prefix(point.count / 2), point.suffix(point.count / 2))
        return "\"kty\":\"\(kind)\",\"crv\":\"\(name)\",\"x\":\"\(text(x))\",\"y\":\"\(text(y))\""
    }

    private static func text(_ bytes: Data) -> String {
        bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .filter { $0 != "=" }
    }
}
