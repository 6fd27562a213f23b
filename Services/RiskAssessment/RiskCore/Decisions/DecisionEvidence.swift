internal import AssayMessages
public import Storage
internal import Wire

/// What a decision was made from and its record must not hold: the values that its commitments
/// stand for, their salt, and whom it concerned. Kept beside the record, and erased without it:
/// the chain stays whole, and the record says what is gone.
public struct DecisionEvidence: Sendable, Hashable {
    /// Sequence of the record, big-endian → this.
    public static let family = Family("decision_evidence")

    /// 32 bytes.
    public var salt: [UInt8]
    /// Ids of the customer and the account, as far as the event has them.
    public var subjects: [String]
    /// First bytes of the fingerprint of the vector that the model was given; 0: it followed none.
    public var vector: UInt64 = 0
    /// The record's personal facts, as encoded: what its commitment stands for.
    var personal: [UInt8] = []

    public init(salt: [UInt8], subjects: [String]) {
        self.salt = salt
        self.subjects = subjects
    }

    /// The evidence of a decision; nil if it was erased, or never kept.
    public static func read(
        _ sequence: UInt64, from store: any KeyValueStore
    ) throws -> DecisionEvidence? {
        guard let bytes = try store.get(DecisionLog.key(sequence), in: family) else { return nil }
        guard let evidence = DecisionEvidence(decoding: bytes) else {
            throw StorageError(.corrupt, "the evidence of record \(sequence) cannot be read")
        }
        return evidence
    }

    /// Puts the evidence beside the record with this sequence.
    public func put(_ sequence: UInt64, into batch: inout WriteBatch) {
        batch.put(DecisionLog.key(sequence), encoded(), in: Self.family)
    }

    // MARK: Commitments

    /// Takes the personal facts of a decision, and gives what stands for them: one commitment to all, since they are
    /// erased together.
    mutating func hide(_ facts: AssayRiskV1.FactColumns) -> [UInt8] {
        guard !facts.isEmpty else { return [] }
        personal = facts.encoded()
        return Commitment.make(personal, salt: salt) ?? []
    }

    /// The personal facts, if they are what a record's commitment stands for.
    func facts(of commitment: [UInt8]) -> AssayRiskV1.FactColumns? {
        guard Commitment.make(personal, salt: salt) == commitment else { return nil }
        return try? AssayRiskV1.FactColumns(decoding: personal, door: .strict)
    }

    // MARK: Encoding

    private static let version: UInt8 = 2

    private func encoded() -> [UInt8] {
        var bytes = [Self.version] + salt
        bytes += withUnsafeBytes(of: vector.bigEndian) { Array($0) }
        bytes.append(UInt8(truncatingIfNeeded: subjects.count))
        for subject in subjects {
            bytes.append(UInt8(truncatingIfNeeded: subject.utf8.count))
            bytes += Array(subject.utf8)
        }
        return bytes + personal
    }

    /// Nil if the bytes are no evidence.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count >= 42, bytes[0] == Self.version else { return nil }
        salt = Array(bytes[1..<33])
        vector = bytes[33..<41].reduce(0) { $0 << 8 | UInt64($1) }
        subjects = []
        var rest = bytes[42...]
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        for _ in 0..<bytes[41] {
            guard let count = take(1)?.first, let text = take(Int(count)) else { return nil }
            subjects.append(String(decoding: text, as: UTF8.self))
        }
        personal = Array(rest)
    }
}

/// A decision on its way into the log, with what its record must not hold.
struct DecisionDraft: Sendable {
    var record: AssayRiskV1.DecisionRecord
    var evidence: DecisionEvidence
}
