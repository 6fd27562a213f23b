internal import Crypto

/// The key of one subject's personal fields. When it is gone, nobody reads them any more.
struct SubjectKey: Sendable {
    private let secret: SymmetricKey

    init(_ secret: SymmetricKey) { self.secret = secret }

    static func random() -> SubjectKey { SubjectKey(SymmetricKey(size: .bits256)) }

    var bytes: [UInt8] { secret.withUnsafeBytes { Array($0) } }

    /// AES-256-GCM of a subject's fields of one log row.
    ///
    /// The nonce is the row's sequence and the subject's place in the row: a sequence belongs to
    /// one event for ever, so no nonce is used twice with a key.
    func seal(
        _ plain: [UInt8], sequence: UInt64, place: UInt32
    ) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                plain, using: secret, nonce: try Self.nonce(sequence, place))
            guard let combined = box.combined else { throw PrivacyError.damagedKey }
            return Array(combined.dropFirst(Self.nonceBytes))
        } catch {
            throw .damagedKey
        }
    }

    func open(
        _ sealed: [UInt8], sequence: UInt64, place: UInt32
    ) throws(PrivacyError) -> [UInt8] {
        guard sealed.count >= Self.tagBytes else { throw .damagedFields }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: try Self.nonce(sequence, place),
                ciphertext: sealed.dropLast(Self.tagBytes), tag: sealed.suffix(Self.tagBytes))
            return Array(try AES.GCM.open(box, using: secret))
        } catch {
            throw .damagedFields
        }
    }

    private static let tagBytes = 16
    private static let nonceBytes = 12

    private static func nonce(_ sequence: UInt64, _ place: UInt32) throws -> AES.GCM.Nonce {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(nonceBytes)
        withUnsafeBytes(of: sequence.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: place.bigEndian) { bytes.append(contentsOf: $0) }
        return try AES.GCM.Nonce(data: bytes)
    }
}
