internal import Crypto

/// What hides one tenant's people: pseudonyms of entities, hashes of values, and the key around the
/// subjects' own keys.
///
/// A tenant's pseudonyms and hashes say nothing to another tenant, nor to anyone without the key.
final class TenantKey: Sendable {
    /// HMAC-SHA256 (RFC 2104) with the two blocks of the key done: a copy saves them. Not the
    /// library's HMAC, which spends three times as long on a short message.
    private let inner: SHA256
    private let outer: SHA256
    /// `inner` behind the empty name of texts.
    private let innerOfTexts: SHA256
    private let digests: HMAC<SHA256>
    private let wrapping: SymmetricKey
    private let rows: SymmetricKey
    /// Of personal fields that belong to no subject.
    let common: SubjectKey

    init(_ master: MasterKey, tenant: String) {
        let secret = master.derive("pseudonyms", tenant: tenant).withUnsafeBytes { Array($0) }
        precondition(secret.count <= SHA256.blockByteCount)
        let block = secret + [UInt8](repeating: 0, count: SHA256.blockByteCount - secret.count)
        var (inner, outer) = (SHA256(), SHA256())
        inner.update(data: block.map { $0 ^ 0x36 })
        outer.update(data: block.map { $0 ^ 0x5C })
        self.inner = inner
        self.outer = outer
        innerOfTexts = Self.naming("", inner)
        digests = HMAC<SHA256>(key: master.derive("digests", tenant: tenant))
        wrapping = master.derive("wrapping", tenant: tenant)
        rows = master.derive("rows", tenant: tenant)
        common = SubjectKey(master.derive("common", tenant: tenant))
    }

    /// The pseudonym of an entity: 16 bytes of HMAC-SHA256(tenant key, entity type ‖ 0 ‖ key).
    func pid(entity: String, key: String) -> StateKey {
        var hash = Self.naming(entity, inner)
        Self.add(key, to: &hash)
        return finish(hash)
    }

    /// The pseudonym of an entity whose key has parts. Each part follows its length in bytes, so
    /// that no two lists of parts are one message.
    func pid(entity: String, parts: [String]) -> StateKey {
        if parts.count == 1 { return pid(entity: entity, key: parts[0]) }
        var hash = Self.naming(entity, inner)
        for part in parts {
            withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) {
                hash.update(bufferPointer: $0)
            }
            Self.add(part, to: &hash)
        }
        return finish(hash)
    }

    /// A text as a state remembers it: 8 bytes of the keyed hash. Equal texts have equal hashes,
    /// whatever field they stand in. An entity type has a name, so this is no part of a pseudonym.
    func hash(_ text: String) -> Int64 {
        var hash = innerOfTexts
        Self.add(text, to: &hash)
        return Int64(bitPattern: finish(hash).high)
    }

    private static func naming(_ entity: String, _ inner: SHA256) -> SHA256 {
        var hash = inner
        add(entity, to: &hash)
        withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
        return hash
    }

    private static func add(_ text: String, to hash: inout SHA256) {
        var text = text
        text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    }

    private func finish(_ inner: SHA256) -> StateKey {
        var outer = outer
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize().withUnsafeBytes { bytes in
            StateKey(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// What tells equal contents from others, and nothing else to anyone without the key.
    func digest(of content: [UInt8]) -> [UInt8] {
        var code = digests
        code.update(data: content)
        return code.finalize().withUnsafeBytes { Array($0) }
    }

    // MARK: Rows

    /// Seals a whole row; it opens only with the same context, such as the key it is stored under.
    func seal(_ plain: [UInt8], context: [UInt8]) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                plain, using: rows, nonce: try RandomNonces.shared.next(), authenticating: context)
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

    /// A nonce, a key, a tag.
    static let wrappedBytes = 12 + 32 + 16

    /// A subject's key as it is stored. Only under the same subject can it be unwrapped.
    func wrap(_ key: SubjectKey, of subject: StateKey) throws(PrivacyError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                key.bytes, using: wrapping, nonce: try RandomNonces.shared.next(),
                authenticating: subject.bytes)
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
    /// They were sealed with another key than the subject has now.
    case otherKey
}
