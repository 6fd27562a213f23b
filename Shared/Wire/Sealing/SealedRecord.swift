internal import Crypto

/// A message type that may be sealed: bounded, without personal data, its floating-point numbers finite.
public protocol SealableMessage: WireMessage {
    /// The API fingerprint of the type: it names the schema that gives the bytes their meaning.
    static var fingerprint: Fingerprint { get }
    /// The canonical text of that schema, whose SHA-256 is the fingerprint. Whoever stores records keeps
    /// it beside them as `schemas/<fingerprint>.schema`: a record of last year is read with it.
    static var schemaText: String { get }
}

/// Why bytes are not a sealed record, or a message cannot be sealed.
public enum SealError: Error, Hashable {
    /// The value holds a field that its schema does not know, at this path: seal only what you understand.
    case unknownField(String)
    /// Not the layout of a sealed record; says what is wrong, and with which byte.
    case malformed(String, offset: Int)
    /// The digest does not match the bytes.
    case wrongDigest
    /// The record is of another type.
    case wrongType(String)
    /// The payload is not the canonical encoding of a value.
    case payload(WireError)
}

extension SealError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownField(let path): "an unknown field at \(path) cannot be sealed"
        case .malformed(let reason, let offset): "not a sealed record: \(reason) at byte \(offset)"
        case .wrongDigest: "the digest does not match the record"
        case .wrongType(let name): "the record is a \(name)"
        case .payload(let error): "the payload is not canonical: \(error)"
        }
    }
}

/// A message in its canonical encoding, with its type, its schema and a digest over all of them:
/// `"ASY1" flags nameLen name fingerprint[32] len payload digest[32]`.
public struct SealedRecord: Sendable, Hashable {
    /// The whole record.
    public let bytes: [UInt8]
    /// The full name of the type.
    public let name: String
    public let fingerprint: Fingerprint
    public let digest: Fingerprint
    /// Where the payload stands in `bytes`.
    public let payloadRange: Range<Int>

    /// The canonical encoding of the message.
    public var payload: ArraySlice<UInt8> { bytes[payloadRange] }

    static let magic = Array("ASY1".utf8)
    /// RFC 6962's prefix of a leaf, so that the digest can be one, and the domain.
    static let domain: [UInt8] = [0] + Array("assay.record.v1\0".utf8)

    /// Seals a message; fails if it holds unknown fields at any depth.
    public static func seal<M: SealableMessage>(_ message: M) throws(SealError) -> SealedRecord {
        let payload = message.encoded()
        if let path = M.fields.unknownPath(in: payload) { throw .unknownField(path) }
        return try SealedRecord(
            name: M.fullName, fingerprint: M.fingerprint, payload: payload)
    }

    /// The record of a payload that is already canonical.
    init(name: String, fingerprint: Fingerprint, payload: [UInt8]) throws(SealError) {
        guard (1...255).contains(name.utf8.count) else {
            throw .malformed("the name has \(name.utf8.count) bytes", offset: 5)
        }
        guard let size = UInt32(exactly: payload.count) else {
            throw .malformed("the payload has over 4 GiB", offset: 38 + name.utf8.count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(74 + name.utf8.count + payload.count)
        bytes += Self.magic
        bytes.append(0)
        // From nameLen up to the payload: what is hashed behind the domain.
        let body = bytes.count
        bytes.append(UInt8(name.utf8.count))
        bytes += name.utf8
        bytes += fingerprint.bytes
        withUnsafeBytes(of: size.bigEndian) { bytes += $0 }
        let start = bytes.count
        bytes += payload
        digest = Self.digest(bytes[body...])
        bytes += digest.bytes
        self.bytes = bytes
        payloadRange = start..<start + payload.count
        self.name = name
        self.fingerprint = fingerprint
    }

    static func digest(_ body: some Collection<UInt8>) -> Fingerprint {
        var hash = SHA256()
        hash.update(data: domain)
        let isHashed: Void? = body.withContiguousStorageIfAvailable {
            hash.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { hash.update(data: Array(body)) }
        return Fingerprint(bytes: Array(hash.finalize())) ?? .zero
    }

    /// Reads a stored record and compares its digest with its bytes; what the payload says is not looked at.
    public static func verify(_ bytes: [UInt8]) throws(SealError) -> SealedRecord {
        let layout = try SealedRecordLayout(bytes[...])
        guard layout.end == bytes.count else {
            throw .malformed("there are bytes behind the digest", offset: layout.end)
        }
        return try SealedRecord(verifying: bytes, layout)
    }

    /// Verifies a stored record and decodes it strictly, which proves that its bytes are *the* encoding
    /// of the message. The record may be of another version of the schema: compare `fingerprint`.
    public static func open<M: SealableMessage>(
        _ bytes: [UInt8], as type: M.Type = M.self, limits: DecodeLimits = DecodeLimits()
    ) throws(SealError) -> M {
        let record = try verify(bytes)
        guard UTF8Order.equal(record.name, M.fullName) else { throw .wrongType(record.name) }
        do {
            return try M(decoding: record.payload, door: .strict, limits: limits)
        } catch {
            throw .payload(error)
        }
    }

    /// The whole record, its layout being known.
    init(verifying bytes: [UInt8], _ layout: SealedRecordLayout) throws(SealError) {
        self.bytes = bytes
        name = layout.name
        fingerprint = layout.fingerprint
        payloadRange = layout.payload
        digest = Fingerprint(bytes: bytes[layout.payload.upperBound...]) ?? .zero
        guard Self.digest(bytes[5..<layout.payload.upperBound]) == digest else {
            throw .wrongDigest
        }
    }
}

/// A commitment to a value that must not itself be in a record: erase value and salt, and the record still
/// verifies but tells nothing.
public enum Commitment {
    private static let domain: [UInt8] = [1] + Array("assay.commit.v1\0".utf8)

    /// `SHA-256(01 ‖ "assay.commit.v1\0" ‖ salt ‖ value)`. Nil unless the salt has 32 bytes.
    public static func make(_ value: [UInt8], salt: [UInt8]) -> [UInt8]? {
        guard salt.count == 32 else { return nil }
        var hash = SHA256()
        hash.update(data: domain)
        hash.update(data: salt)
        hash.update(data: value)
        return Array(hash.finalize())
    }
}
