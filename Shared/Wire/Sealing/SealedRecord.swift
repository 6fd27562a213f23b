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
    ///
    /// The message is measured once, written once, straight to its place in the record, and hashed once.
    public static func seal<M: SealableMessage>(_ message: M) throws(SealError) -> SealedRecord {
        let name = M.fullName
        let header = headerSize(name)
        var (bytes, hasUnknown) = WireWriter.framed(message, prefix: header, suffix: digestSize)
        let payload = header..<bytes.count - digestSize
        if hasUnknown, let path = M.fields.unknownPath(in: Array(bytes[payload])) {
            throw .unknownField(path)
        }
        try writeHeader(name, M.fingerprint, payload.count, to: &bytes)
        return SealedRecord(completing: consume bytes, name, M.fingerprint, payload)
    }

    /// The record of a payload that is already canonical.
    init(name: String, fingerprint: Fingerprint, payload: [UInt8]) throws(SealError) {
        let header = Self.headerSize(name)
        var bytes = [UInt8](repeating: 0, count: header)
        bytes.reserveCapacity(header + payload.count + Self.digestSize)
        bytes += payload
        bytes += [UInt8](repeating: 0, count: Self.digestSize)
        try Self.writeHeader(name, fingerprint, payload.count, to: &bytes)
        self.init(
            completing: consume bytes, name, fingerprint, header..<header + payload.count)
    }

    // MARK: Layout

    private static let digestSize = 32
    /// Magic and flags, which are not hashed.
    private static let hashedFrom = 5

    /// Magic 4, flags 1, nameLen 1, name, fingerprint 32, len 4.
    private static func headerSize(_ name: String) -> Int { 42 + name.utf8.count }

    /// Fills in what stands before the payload.
    private static func writeHeader(
        _ name: String, _ fingerprint: Fingerprint, _ payload: Int, to bytes: inout [UInt8]
    ) throws(SealError) {
        let count = name.utf8.count
        guard (1...255).contains(count) else {
            throw .malformed("the name has \(count) bytes", offset: 5)
        }
        guard let size = UInt32(exactly: payload) else {
            throw .malformed("the payload has over 4 GiB", offset: 38 + count)
        }
        bytes.replaceSubrange(0..<4, with: magic)
        bytes[5] = UInt8(count)
        bytes.replaceSubrange(6..<6 + count, with: name.utf8)
        bytes.replaceSubrange(6 + count..<38 + count, with: fingerprint.bytes)
        for index in 0..<4 {
            bytes[38 + count + index] = UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32(index)))
        }
    }

    /// Hashes what is written and fills in the digest at the end.
    private init(
        completing bytes: consuming [UInt8], _ name: String, _ fingerprint: Fingerprint,
        _ payload: Range<Int>
    ) {
        digest = Self.digest(bytes[Self.hashedFrom..<payload.upperBound])
        bytes.replaceSubrange(payload.upperBound..<bytes.count, with: digest.bytes)
        self.bytes = bytes
        payloadRange = payload
        self.name = name
        self.fingerprint = fingerprint
    }

    static func digest(_ body: ArraySlice<UInt8>) -> Fingerprint {
        var hash = SHA256()
        domain.withUnsafeBytes { hash.update(bufferPointer: $0) }
        body.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { Fingerprint(bytes: $0) } ?? .zero
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
        try verify(bytes).open(as: type, limits: limits)
    }

    /// Decodes a record that is verified.
    public func open<M: SealableMessage>(
        as type: M.Type = M.self, limits: DecodeLimits = DecodeLimits()
    ) throws(SealError) -> M {
        guard UTF8Order.equal(name, M.fullName) else { throw .wrongType(name) }
        do {
            return try M(decoding: payload, door: .strict, limits: limits)
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
        for part in [domain, salt, value] {
            part.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        return hash.finalize().withUnsafeBytes { Array($0) }
    }
}
