internal import Crypto
public import RPC

/// Turns the text of an API key into the principal it stands for.
///
/// A known and an unknown id cost the same: the unknown one is computed against a dummy record.
public struct APIKeyVerifier: Sendable {
    public enum Refusal: Error, Hashable {
        case malformed, wrongCheck, unknown, expired, notYetValid, revoked
        /// The connection does not have the certificate that the key is bound to.
        case binding
    }

    /// A record and the pepper of its MAC, so that a check copies one reference.
    private final class Stored: Sendable {
        let record: APIKeyRecord
        let pepper: Pepper

        init(_ record: APIKeyRecord, _ pepper: Pepper) {
            self.record = record
            self.pepper = pepper
        }
    }

    private let stored: [String: Stored]
    private let dummy: Stored

    /// Without keys every one is unknown, and costs what an unknown one costs.
    ///
    /// - Precondition: Every record's pepper is among `peppers`; the loader of the key file has seen
    ///   to that.
    public init(records: [APIKeyRecord], peppers: [Pepper]) {
        let known = Dictionary(peppers.map { ($0.version, $0) }) { first, _ in first }
        stored = Dictionary(
            records.map { record in
                guard let pepper = known[record.pepper] else { preconditionFailure("no pepper") }
                return (record.id, Stored(record, pepper))
            }
        ) { first, _ in first }
        dummy = Stored(.dummy, peppers.first ?? .unused())
    }

    /// The ids of all keys.
    var ids: Set<String> { Set(stored.keys) }

    /// - Parameters:
    ///   - certificate: That of the connection.
    ///   - wallClock: Seconds since 1970.
    public func verify(
        _ text: some Collection<UInt8>, certificate: PeerCertificate? = nil, wallClock: Int64
    ) throws(Refusal) -> Principal {
        let result =
            text.withContiguousStorageIfAvailable {
                check(UnsafeRawBufferPointer($0), certificate, wallClock)
            }
            ?? Array(text).withUnsafeBytes { check($0, certificate, wallClock) }
        return try result.get()
    }

    private func check(
        _ text: UnsafeRawBufferPointer, _ certificate: PeerCertificate?, _ wallClock: Int64
    ) -> Result<Principal, Refusal> {
        let key: APIKeyText
        do throws(APIKey.ParseError) {
            key = try APIKeyText(checking: text)
        } catch {
            return .failure(error == .wrongCheck ? .wrongCheck : .malformed)
        }
        // Up to the comparison nothing depends on whether the id is known.
        let stored = stored[key.id] ?? dummy
        let matches = Self.equal(stored.pepper.code(of: key), stored.record.mac)
        guard matches, stored !== dummy else { return .failure(.unknown) }
        let record = stored.record
        guard record.state == .active else { return .failure(.revoked) }
        if let notBefore = record.notBefore, wallClock < notBefore { return .failure(.notYetValid) }
        if let expires = record.expires, wallClock >= expires { return .failure(.expired) }
        if let pinned = record.certificate, pinned != certificate?.thumbprint {
            return .failure(.binding)
        }
        record.use.note(wallClock)
        return .success(record.principal)
    }

    /// Compares every byte, whatever the first ones say.
    private static func equal(_ code: SHA256Digest, _ stored: [UInt8]) -> Bool {
        code.withUnsafeBytes { computed in
            guard computed.count == stored.count else { return false }
            var difference: UInt8 = 0
            for index in stored.indices { difference |= computed[index] ^ stored[index] }
            return difference == 0
        }
    }
}
