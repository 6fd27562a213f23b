internal import Crypto

/// The key of one subject's personal fields. When it is gone, nobody reads them any more.
struct SubjectKey: Sendable {
    private let secret: SymmetricKey
    /// Tells from another key, and nothing of the key: what is sealed begins with it.
    private let name: [UInt8]

    init(_ secret: SymmetricKey) {
        self.secret = secret
        let code = secret.withUnsafeBytes { key in
            HMAC<SHA256>.authenticationCode(
                for: Array("name of a key".utf8), using: SymmetricKey(data: key))
        }
        name = Array(code.prefix(Self.nameBytes))
    }

    static func random() -> SubjectKey { SubjectKey(SymmetricKey(size: .bits256)) }

    var bytes: [UInt8] { secret.withUnsafeBytes { Array($0) } }

    /// AES-256-GCM of a subject's fields of one log row, behind the key's name and a random nonce: a
    /// store that was restored from a copy gives out the same sequences once more.
    ///
    /// It opens at its place in its row only.
    func seal(
        _ plain: [UInt8], sequence: UInt64, place: UInt32
    ) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                plain, using: secret, nonce: try RandomNonces.shared.next(),
                authenticating: Self.context(sequence, place))
            guard let combined = box.combined else { throw PrivacyError.damagedKey }
            return name + combined
        } catch {
            throw .damagedKey
        }
    }

    /// Whether something was sealed with this key.
    func hasSealed(_ sealed: [UInt8]) -> Bool { sealed.starts(with: name) }

    func open(
        _ sealed: [UInt8], sequence: UInt64, place: UInt32
    ) throws(PrivacyError) -> [UInt8] {
        guard sealed.count >= Self.leastBytes else { throw .damagedFields }
        guard hasSealed(sealed) else { throw .otherKey }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst(Self.nameBytes))
            return Array(
                try AES.GCM.open(
                    box, using: secret, authenticating: Self.context(sequence, place)))
        } catch {
            throw .damagedFields
        }
    }

    private static let nameBytes = 4
    /// The key's name, a nonce and a tag.
    private static let leastBytes = nameBytes + 12 + 16

    private static func context(_ sequence: UInt64, _ place: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(12)
        withUnsafeBytes(of: sequence.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: place.bigEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }
}
