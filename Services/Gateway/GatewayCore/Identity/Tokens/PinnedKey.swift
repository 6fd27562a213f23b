internal import Crypto
internal import CryptoExtras
internal import Foundation

/// A public key of a key set, and the one algorithm that its signatures are verified by.
///
/// The algorithm is a property of the key. What a token says can only agree with it.
struct PinnedKey: Sendable {
    typealias Algorithm = GatewayConfiguration.Algorithm

    /// Why a key of a set is left out. The set's other keys are good all the same.
    enum Problem: Error, Hashable {
        case kind, curve, algorithm, use, size, encoding, hasPrivatePart
    }

    private enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey, _RSA.Signing.Padding)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    let algorithm: Algorithm
    /// Tells apart keys that share a name: SHA-256 over algorithm and public numbers.
    let fingerprint: [UInt8]
    private let material: Material

    static let modulusBits = 2048...8192

    /// - Parameters:
    ///   - members: A JWK [RFC 7517].
    ///   - standard: The algorithm of RSA keys that name none.
    init(_ members: [String: JSONValue], standard: Algorithm?) throws(Problem) {
        if members["d"] != nil || members["k"] != nil { throw .hasPrivatePart }
        if let use = members["use"], use != .text("sig") { throw .use }
        if let operations = members["key_ops"],
            operations.list?.contains(.text("verify")) != true
        {
            throw .use
        }
        switch members["kty"]?.text {
        case "RSA": (algorithm, material) = try Self.rsa(members, standard)
        case "EC": (algorithm, material) = try Self.ellipticCurve(members)
        case "OKP": (algorithm, material) = try Self.edwardsCurve(members)
        default: throw .kind
        }
        if let named = members["alg"], named != .text(algorithm.rawValue) { throw .algorithm }
        var hash = SHA256()
        for name in ["n", "e", "crv", "x", "y"] {
            hash.update(data: Array("\(members[name]?.text ?? "")|".utf8))
        }
        hash.update(data: Array(algorithm.rawValue.utf8))
        fingerprint = Array(hash.finalize())
    }

    private static func rsa(
        _ members: [String: JSONValue], _ standard: Algorithm?
    ) throws(Problem) -> (Algorithm, Material) {
        let named = members["alg"].map { $0.text.flatMap { Algorithm(rawValue: $0) } } ?? standard
        let modulus = Array(try bytes(members, "n").drop { $0 == 0 })
        let exponent = Array(try bytes(members, "e").drop { $0 == 0 })
        guard let first = modulus.first, let last = exponent.last else { throw .encoding }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        guard modulusBits.contains(bits), exponent.count <= 4, last & 1 == 1, exponent != [1]
        else { throw .size }
        let padding: _RSA.Signing.Padding
        switch named {
        case .rs256: padding = .insecurePKCS1v1_5
        case .ps256: padding = .PSS
        default: throw .algorithm
        }
        guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else {
            throw .encoding
        }
        return (named ?? .rs256, .rsa(key, padding))
    }

    private static func ellipticCurve(
        _ members: [String: JSONValue]
    ) throws(Problem) -> (Algorithm, Material) {
        let size: Int
        switch members["crv"]?.text {
        case "P-256": size = 32
        case "P-384": size = 48
        default: throw .curve
        }
        let (x, y) = (try bytes(members, "x"), try bytes(members, "y"))
        guard x.count == size, y.count == size else { throw .size }
        let point = [0x04] + x + y
        if size == 32, let key = try? P256.Signing.PublicKey(x963Representation: point) {
            return (.es256, .p256(key))
        }
        if size == 48, let key = try? P384.Signing.PublicKey(x963Representation: point) {
            return (.es384, .p384(key))
        }
        throw .encoding
    }

    private static func edwardsCurve(
        _ members: [String: JSONValue]
    ) throws(Problem) -> (Algorithm, Material) {
        guard members["crv"]?.text == "Ed25519" else { throw .curve }
        let x = try bytes(members, "x")
        guard x.count == 32 else { throw .size }
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else {
            throw .encoding
        }
        return (.edDSA, .ed25519(key))
    }

    private static func bytes(
        _ members: [String: JSONValue], _ name: String
    ) throws(Problem) -> [UInt8] {
        guard let text = members[name]?.text, let bytes = Base64URL.decode(text.utf8) else {
            throw .encoding
        }
        return bytes
    }

    /// Whether the signature is one of this key, over exactly these bytes.
    func isValid(_ signature: [UInt8], of message: ArraySlice<UInt8>) -> Bool {
        switch material {
        case .rsa(let key, let padding):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature),
                for: SHA256.hash(data: message), padding: padding)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: SHA384.hash(data: message))
        case .ed25519(let key):
            return signature.count == 64 && key.isValidSignature(signature, for: message)
        }
    }
}
