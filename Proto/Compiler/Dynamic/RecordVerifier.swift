public import Wire

/// Checks sealed records that stand one behind the other: their digests, and that each payload is
/// the canonical encoding of a value of the schema that the record names.
public struct RecordVerifier {
    /// What is known of one record, or of bytes that are none.
    public struct Result: Sendable {
        /// Where it stands in the input.
        public let range: Range<Int>
        /// Nil if the head cannot be read.
        public let name: String?
        public let fingerprint: Fingerprint?
        /// As stored.
        public let digest: Fingerprint?
        public let verdict: Verdict
    }

    public enum Verdict: Sendable {
        /// The digest holds, and the payload is the encoding of this message.
        case proven(DynamicMessage)
        /// The digest holds, but the payload cannot be read, for this reason.
        case unread(String)
        /// The record is not what was sealed; the byte of the input that is wrong, where that can
        /// be told.
        case broken(String, byte: Int?)
    }

    /// Where the schema of a record comes from.
    public enum Schema: Sendable {
        case found(DynamicSchema)
        /// None, for this reason.
        case missing(String)
    }

    /// In more damaged records than this the byte is not searched for, which takes a second for
    /// each.
    private static let maximumSearches = 16

    private let schema: (_ name: String, _ fingerprint: Fingerprint) -> Schema
    private var searches = 0
    private var known: [String: Schema] = [:]

    /// - Parameter schema: finds the schema of a record, by its type and its API fingerprint.
    public init(schema: @escaping (_ name: String, _ fingerprint: Fingerprint) -> Schema) {
        self.schema = schema
    }

    /// The records of a file, in order. Behind damage it goes on with the next record.
    public mutating func verify(_ bytes: [UInt8], _ report: (Result) throws -> Void) rethrows {
        var position = 0
        while position < bytes.count {
            let result = next(bytes, position)
            try report(result)
            position = result.range.upperBound
        }
    }

    private mutating func next(_ bytes: [UInt8], _ start: Int) -> Result {
        let layout: SealedRecordLayout
        do throws(SealError) {
            layout = try SealedRecordLayout(bytes[start...])
        } catch {
            let end = Self.nextRecord(bytes, after: start)
            return Result(
                range: start..<end, name: nil, fingerprint: nil, digest: nil,
                verdict: Self.verdict(error, start))
        }
        let range = start..<start + layout.end
        let stored = Array(bytes[range])
        return Result(
            range: range, name: layout.name, fingerprint: layout.fingerprint,
            digest: Fingerprint(bytes: stored.suffix(32)),
            verdict: verdict(stored, layout, start, isFollowed: Self.isRecordOrEnd(bytes, range)))
    }

    private static func verdict(_ error: SealError, _ start: Int) -> Verdict {
        guard case .malformed(let reason, let offset) = error else {
            return .broken("\(error)", byte: nil)
        }
        return .broken("not a sealed record: \(reason)", byte: start + offset)
    }

    private mutating func verdict(
        _ stored: [UInt8], _ layout: SealedRecordLayout, _ start: Int, isFollowed: Bool
    ) -> Verdict {
        guard let record = try? SealedRecord.verify(stored) else {
            searches += 1
            if searches <= Self.maximumSearches, let damage = DamageSearch.find(stored) {
                let was = ValueText.hex(damage.original)
                let now = ValueText.hex(stored[damage.offset])
                return .broken(
                    "a byte was changed: it is \(now) and was \(was)", byte: start + damage.offset)
            }
            let length = isFollowed ? "" : "; its length may be wrong, for no record follows"
            return .broken("the digest does not match the bytes\(length)", byte: nil)
        }
        switch find(record.name, record.fingerprint) {
        case .missing(let reason): return .unread(reason)
        case .found(let schema): return read(record, schema, start)
        }
    }

    private mutating func find(_ name: String, _ fingerprint: Fingerprint) -> Schema {
        let key = "\(fingerprint) \(name)"
        if let schema = known[key] { return schema }
        let schema = schema(name, fingerprint)
        known[key] = schema
        return schema
    }

    /// The digest holds: is the payload what `seal` would have written?
    private func read(_ record: SealedRecord, _ schema: DynamicSchema, _ start: Int) -> Verdict {
        let payload = Array(record.payload)
        do throws(WireError) {
            let limits = DecodeLimits(
                bytes: payload.count, heap: DynamicMessage.heap(forBytes: payload.count),
                unknownBytes: payload.count)
            guard
                let message = try DynamicMessage(
                    decoding: payload, as: record.name, in: schema, door: .strict, limits: limits)
            else { return .unread("the schema has no message '\(record.name)'") }
            if let path = message.firstUnknownPath {
                return .broken(
                    "it was sealed with a field that its schema does not know: \(path)", byte: nil)
            }
            return .proven(message)
        } catch {
            return .broken(
                "the digest holds, but what was sealed is not canonical: \(error)",
                byte: start + record.payloadRange.lowerBound + error.offset)
        }
    }

    // MARK: Damage

    private static let magic = Array("ASY1".utf8)

    private static func isRecordOrEnd(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        range.upperBound == bytes.count || bytes[range.upperBound...].starts(with: magic)
    }

    /// Where something begins that may be a record.
    private static func nextRecord(_ bytes: [UInt8], after start: Int) -> Int {
        var index = start + 1
        while index + magic.count <= bytes.count {
            if bytes[index] == magic[0], bytes[index...].starts(with: magic) { return index }
            index += 1
        }
        return bytes.count
    }
}

extension RecordVerifier.Schema {
    /// The schema of an archived canonical text.
    ///
    /// - Parameter path: of the file, for messages.
    public static func archived(
        _ text: [UInt8], path: String, name: String, fingerprint: Fingerprint
    ) -> RecordVerifier.Schema {
        let found = SchemaFingerprint(of: text)
        guard found.bytes == fingerprint.bytes else {
            return .missing("\(path) was changed: its SHA-256 is \(found.hex)")
        }
        let compilation = Compilation([SourceFile(path: path, bytes: text)], archive: true)
        guard let schema = compilation.dynamicSchema() else {
            let error = compilation.diagnostics.first { $0.severity == .error }?.message
            return .missing("\(path) does not compile: \(error ?? "")")
        }
        return compilation.sealable(name, fingerprint).map { .missing("\(path): \($0)") }
            ?? .found(schema)
    }
}

extension Compilation {
    /// The schema, if it is the one that a fingerprint names.
    public func recordSchema(
        _ name: String, _ fingerprint: Fingerprint
    ) -> RecordVerifier.Schema? {
        guard let schema = dynamicSchema(), sealable(name, fingerprint) == nil else { return nil }
        return .found(schema)
    }

    /// Why a record of this type and fingerprint cannot have been sealed with this schema; nil if
    /// it can.
    fileprivate func sealable(_ name: String, _ fingerprint: Fingerprint) -> String? {
        guard let type = schema.type(named: name), let message = schema.message(type) else {
            return "it declares no message '\(name)'"
        }
        guard
            SchemaFingerprint(of: CanonicalText.text(of: type, in: schema)).bytes
                == fingerprint.bytes
        else { return "'\(name)' has another fingerprint there" }
        return message.isSealable ? nil : "'\(name)' is not @sealable"
    }
}
