internal import Crypto

/// A secret that stored MACs depend on, kept apart from them.
public struct Pepper: Sendable {
    public let version: Int
    private let hash: KeyedHash

    /// - Parameter secret: At least 16 bytes.
    public init?(version: Int, secret: [UInt8]) {
        guard secret.count >= 16 else { return nil }
        self.version = version
        hash = KeyedHash(key: secret, messagePrefix: Self.domain)
    }

    /// One that no key was ever made with.
    static func unused() -> Pepper {
        var generator = SystemRandomNumberGenerator()
        return Pepper((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    private init(_ secret: [UInt8]) {
        version = 0
        hash = KeyedHash(key: secret, messagePrefix: Self.domain)
    }

    /// What is stored of a key: HMAC-SHA-256(pepper, "assay-key-1" ‖ 0x00 ‖ id ‖ secret).
    public func mac(of key: APIKey) -> [UInt8] {
        Array(key.id.utf8).withUnsafeBytes { id in
            key.secret.withUnsafeBytes { Array(hash.code(id, $0)) }
        }
    }

    func code(of key: APIKeyText) -> SHA256Digest { hash.code(key.idBytes, key.secret) }

    private static let domain = Array("assay-key-1\u{0}".utf8)
}
