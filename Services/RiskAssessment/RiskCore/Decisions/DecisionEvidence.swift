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
    /// Values of the record's facts that have a commitment, in the record's order, as encoded.
    var values: [[UInt8]] = []

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

    /// Takes the value of a fact, and gives what stands for it.
    mutating func hide(_ value: [UInt8], of name: String) -> [UInt8] {
        values.append(value)
        return Self.commitment(name, value, salt: salt) ?? []
    }

    /// What a commitment to a fact is made over: its name, a zero, and the encoded value.
    static func commitment(
        _ name: String, _ value: [UInt8], salt: [UInt8]
    ) -> [UInt8]? {
        Commitment.make(Array(name.utf8) + [0] + value, salt: salt)
    }

    // MARK: Encoding

    private static let version: UInt8 = 1

    private func encoded() -> [UInt8] {
        var bytes = [Self.version] + salt
        bytes += withUnsafeBytes(of: vector.bigEndian) { Array($0) }
        bytes.append(UInt8(truncatingIfNeeded: subjects.count))
        for subject in subjects {
            bytes.append(UInt8(truncatingIfNeeded: subject.utf8.count))
            bytes += Array(subject.utf8)
        }
        for value in values {
            bytes.append(UInt8(truncatingIfNeeded: value.count >> 8))
            bytes.append(UInt8(truncatingIfNeeded: value.count))
            bytes += value
        }
        return bytes
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
        while !rest.isEmpty {
            guard let size = take(2), let high = size.first, let low = size.last,
                let value = take(Int(high) << 8 | Int(low))
            else { return nil }
            values.append(Array(value))
        }
    }
}

/// A decision on its way into the log, with what its record must not hold.
struct DecisionDraft: Sendable {
    var record: AssayRiskV1.DecisionRecord
    var evidence: DecisionEvidence
}
