internal import Crypto

/// What hides one tenant's people: pseudonyms of entities, hashes of values, and the key around the
/// subjects' own keys.
///
/// A tenant's pseudonyms and hashes say nothing to another tenant, nor to anyone without the key.
final class TenantKey: Sendable {
    /// The keyed hash before anything went in: a copy saves the two blocks of the key.
    private let pseudonyms: HMAC<SHA256>
    private let wrapping: SymmetricKey
    private let rows: SymmetricKey
    /// Of personal fields that belong to no subject.
    let common: SubjectKey

    init(_ master: MasterKey, tenant: String) {
        pseudonyms = HMAC<SHA256>(key: master.derive("pseudonyms", tenant: tenant))
        wrapping = master.derive("wrapping", tenant: tenant)
        rows = master.derive("rows", tenant: tenant)
        common = SubjectKey(master.derive("common", tenant: tenant))
    }

    /// The pseudonym of an entity: 16 bytes of HMAC-SHA256(tenant key, entity type ‖ 0 ‖ key).
    func pid(entity: String, key: String) -> StateKey {
        var message = Self.prefix(entity)
        message.append(contentsOf: key.utf8)
        return pid(message)
    }

    /// The pseudonym of an entity whose key has parts. Each part follows its length in bytes, so
    /// that no two lists of parts are one message.
    func pid(entity: String, parts: [String]) -> StateKey {
        if parts.count == 1 { return pid(entity: entity, key: parts[0]) }
        var message = Self.prefix(entity)
        for part in parts {
            message.append(contentsOf: StorageKey.bigEndian(UInt64(part.utf8.count)))
            message.append(contentsOf: part.utf8)
        }
        return pid(message)
    }

    /// A text as a state remembers it: 8 bytes of the keyed hash. Equal texts have equal hashes,
    /// whatever field they stand in. An entity type has a name, so this is no part of a pseudonym.
    func hash(_ text: String) -> Int64 {
        var message = Self.prefix("")
        message.append(contentsOf: text.utf8)
        return Int64(bitPattern: pid(message).high)
    }

    private static func prefix(_ entity: String) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(96)
        message.append(contentsOf: entity.utf8)
        message.append(0)
        return message
    }

    private func pid(_ message: [UInt8]) -> StateKey {
        var code = pseudonyms
        code.update(data: message)
        return code.finalize().withUnsafeBytes { bytes in
            StateKey(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    // MARK: Rows

    /// Seals a whole row; it opens only with the same context, such as the key it is stored under.
    func seal(_ plain: [UInt8], context: [UInt8]) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(plain, using: rows, authenticating: context)
            guard let combined = box.combined else { throw PrivacyError.damagedFields }
            return Array(combined)
        } catch {
            throw .damagedFields
        }
    }

    func open(_ sealed: [UInt8], context: [UInt8]) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return Array(try AES.GCM.open(box, using: rows, authenticating: context))
        } catch {
            throw .damagedFields
        }
    }

    // MARK: The subjects' keys

    /// A subject's key as it is stored. Only under the same subject can it be unwrapped.
    func wrap(_ key: SubjectKey, of subject: StateKey) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                key.bytes, using: wrapping, authenticating: subject.bytes)
            guard let combined = box.combined else { throw PrivacyError.damagedKey }
            return Array(combined)
        } catch {
            throw .damagedKey
        }
    }

    func unwrap(_ stored: [UInt8], of subject: StateKey) throws(PrivacyError) -> SubjectKey {
        do {
            let box = try AES.GCM.SealedBox(combined: stored)
            let bytes = try AES.GCM.open(box, using: wrapping, authenticating: subject.bytes)
            return SubjectKey(SymmetricKey(data: bytes))
        } catch {
            throw .damagedKey
        }
    }
}

/// Why something personal cannot be read or written.
enum PrivacyError: Error, Hashable {
    /// The subject's stored key is damaged, or was wrapped with another master key.
    case damagedKey
    /// The sealed bytes are not what this key sealed at this place.
    case damagedFields
}
