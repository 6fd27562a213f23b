public import AssayMessages
internal import Crypto
public import Storage

/// Holds what is kept beside the records of a log against what they say of it: the personal facts against
/// their commitment, the request against its digest. Neither is a part of the chain.
public struct EvidenceCheck {
    /// Decisions whose personal facts are those that their records committed to.
    public private(set) var held: UInt64 = 0
    /// Decisions whose personal facts were erased.
    public private(set) var erased: UInt64 = 0
    /// Decisions beside which something else is kept than they were made from.
    public private(set) var altered: UInt64 = 0
    /// The first of those.
    public private(set) var firstProblem: LogProblem?
    private let store: any KeyValueStore

    public init(store: any KeyValueStore) { self.store = store }

    /// Looks at what is kept of one decision, whose record is proven.
    public mutating func check(_ record: AssayRiskV1.DecisionRecord) throws {
        if let reason = try problem(of: record) {
            altered += 1
            if firstProblem == nil {
                firstProblem = LogProblem(sequence: record.sequence, reason: reason)
            }
        }
    }

    private mutating func problem(of record: AssayRiskV1.DecisionRecord) throws -> String? {
        if let request = try DecisionIndex.request(of: record, in: store),
            Array(SHA256.hash(data: request)) != record.request
        {
            return "the request that is kept is not the one that was decided"
        }
        guard let commitment = record.facts?.commitment, !commitment.isEmpty else { return nil }
        let evidence: DecisionEvidence?
        do {
            evidence = try DecisionEvidence.read(record.sequence, from: store)
        } catch let error as StorageError where error.code == .corrupt {
            return "\(error)"
        }
        guard let evidence else {
            erased += 1
            return nil
        }
        guard evidence.facts(of: commitment) != nil else {
            return "the personal facts that are kept are not those that the record committed to"
        }
        held += 1
        return nil
    }
}
