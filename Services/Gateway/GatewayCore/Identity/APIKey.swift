/// An API key as a client sends it: `assay1_<id>_<secret><check>`.
///
/// The id is 12 characters of base32 and public, the secret 52 (256 bits), the check 7: the CRC-32
/// of everything before it. A mistyped or truncated key is therefore refused without a look-up, and
/// the fixed prefix lets secret scanners find leaked ones.
public struct APIKey: Sendable, Hashable {
    public let id: String
    /// The secret as it is written. It goes into a MAC and nowhere else.
    let secret: [UInt8]

    static let prefix = Array("assay1_".utf8)
    static let idLength = 12
    static let secretLength = 52
    static let checkLength = 7
    /// Characters of a whole key.
    public static let length = prefix.count + idLength + 1 + secretLength + checkLength

    /// Why a text is not a key. Both are BAD_CREDENTIALS to the caller.
    public enum ParseError: Error, Hashable {
        case malformed
        case wrongCheck
    }

    /// - Parameters:
    ///   - idBytes: 8 random bytes, of which 60 bits are used.
    ///   - secretBytes: 32 bytes of the system's generator.
    public init(idBytes: [UInt8], secretBytes: [UInt8]) {
        precondition(idBytes.count == 8 && secretBytes.count == 32, "8 and 32 bytes")
        id = String(Base32.encode(idBytes).prefix(Self.idLength))
        secret = Array(Base32.encode(secretBytes).utf8)
    }

    public init(parsing text: some Collection<UInt8>) throws(ParseError) {
        guard text.count == Self.length else { throw .malformed }
        let parsed = Array(text).withUnsafeBytes { bytes in
            Result { () throws(ParseError) in
                let key = try APIKeyText(checking: bytes)
                return (id: key.id, secret: Array(key.secret))
            }
        }
        (id, secret) = try parsed.get()
    }

    /// The whole key. Shown once, when it is made; never log it.
    public var text: String {
        let head = Self.prefix + Array(id.utf8) + [UInt8(ascii: "_")] + secret
        return String(decoding: head, as: UTF8.self) + Self.check(head)
    }

    private static func check(_ bytes: some Sequence<UInt8>) -> String {
        let sum = CRC32.checksum(bytes)
        return String(decoding: (0..<checkLength).map { Base32.digit($0, of: sum) }, as: UTF8.self)
    }
}

extension APIKey: CustomStringConvertible {
    /// The public part alone.
    public var description: String { "assay1_\(id)_…" }
}
