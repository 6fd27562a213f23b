public import AssayMessages
internal import RuleLanguage
internal import Wire

/// The facts of a recorded decision as its rules saw them, made again from its record.
///
/// Personal facts stand in the record as commitments: their values come from the evidence, and are
/// taken only if they are what the commitments stand for.
public struct RecordedFrame: Sendable {
    /// Why a decision cannot be made again.
    public struct Unreplayable: Error, Hashable, CustomStringConvertible {
        public var description: String
    }

    public let record: AssayRiskV1.DecisionRecord
    public private(set) var sheet: FactSheet
    /// Facts that had values which are gone: erased, or not those that were committed to.
    public private(set) var erased: [String] = []
    /// Facts that the catalogue does not have any more, or has with another type.
    public private(set) var unknown: [String] = []
    /// Ids of the customer and the account; empty once they are erased.
    public let subjects: [String]
    /// Seconds since 1970 at which the event happened.
    public let occurredAt: Int64
    let expected: ExpectedFacts

    /// - Parameters:
    ///   - evidence: nil if it was erased.
    ///   - catalogue: of the rules that are to run; another one than then may know other facts.
    public init(
        _ record: AssayRiskV1.DecisionRecord, evidence: DecisionEvidence?,
        catalogue: FactCatalogue
    ) throws(Unreplayable) {
        guard let occurredAt = record.occurredAt ?? Self.time(record) else {
            throw Unreplayable(
                description: "record \(record.sequence) was written by an older version, which "
                    + "did not keep what a replay needs")
        }
        self.record = record
        self.occurredAt = occurredAt.seconds
        subjects = evidence?.subjects ?? []
        expected = ExpectedFacts(names: record.expected)
        sheet = FactSheet(catalogue: catalogue)
        restore(evidence)
        restoreMarks(of: record.outcome)
    }

    /// What the outcome says of facts beside their values.
    private mutating func restoreMarks(of outcome: AssayRiskV1.RecordedOutcome) {
        let schema = sheet.catalogue.schema
        for name in outcome.staleFacts {
            if let slot = schema.slot(of: name) { sheet.mark(slot, flags: FeatureStatus.stale) }
        }
        let mismatch = outcome.reasons.first { $0.code == ReasonCode.claimMismatch }
        for name in ClaimMismatch.facts(in: mismatch?.text ?? "") {
            if let slot = schema.slot(of: name) { sheet.noteContradicted(slot) }
        }
    }

    /// Loan applications happen when they are decided on.
    private static func time(_ record: AssayRiskV1.DecisionRecord) -> Timestamp? {
        record.kind == .credit ? record.decidedAt : nil
    }

    private mutating func restore(_ evidence: DecisionEvidence?) {
        var hidden = evidence?.values[...] ?? []
        for fact in record.facts {
            let isHidden = !fact.commitment.isEmpty
            let secret = isHidden ? hidden.popFirst() : nil
            guard let slot = sheet.catalogue.schema.slot(of: fact.name) else {
                unknown.append(fact.name)
                continue
            }
            guard let status = FactStatus(fact.status) else {
                unknown.append(fact.name)
                continue
            }
            guard isHidden || fact.value != nil else {
                if status.isKnown { erased.append(fact.name) }
                sheet.restore(slot, to: nil, status: status.isKnown ? .withheld : status)
                continue
            }
            guard
                let value = isHidden
                    ? Self.reveal(secret, fact, evidence?.salt ?? []) : fact.value
            else {
                erased.append(fact.name)
                sheet.restore(slot, to: nil, status: .withheld)
                continue
            }
            let type = sheet.catalogue.schema.facts[slot].type
            guard let constant = FactValueCode.constant(value, as: type) else {
                unknown.append(fact.name)
                continue
            }
            sheet.restore(slot, to: constant, status: status, claimed: fact.claimed)
        }
    }

    /// The value that a commitment stands for; nil if this is not it.
    private static func reveal(
        _ secret: [UInt8]?, _ fact: AssayRiskV1.RecordedFact, _ salt: [UInt8]
    ) -> AssayRiskV1.FactValue? {
        guard let secret,
            DecisionEvidence.commitment(fact.name, secret, salt: salt) == fact.commitment
        else { return nil }
        return try? AssayRiskV1.FactValue(decoding: secret, door: .strict)
    }

    // MARK: What was so then

    /// Whether the event was expected to have a fact.
    public func expects(_ entry: FactCatalogue.Entry) -> Bool { expected.contains(entry) }

    /// The industry by which rules and thresholds were chosen.
    public var industry: String { Industries.name(of: record.industry) }

    /// The feature store did not answer.
    var isWithoutFeatures: Bool {
        record.outcome.degraded.contains(ReasonCode.featuresUnavailable)
    }

    /// What the model said then.
    var model: ModelOutcome {
        if let model = record.model { return .answer(ModelAnswer(model)) }
        let hasFailed = record.outcome.degraded.contains(ReasonCode.modelUnavailable)
        return .absent(hasFailed ? .failed : .unwanted)
    }
}

extension FactStatus {
    /// Nil for a status that this version does not know.
    init?(_ status: AssayRiskV1.FactStatus) {
        switch status {
        case .present: self = .present
        case .empty: self = .empty
        case .absent: self = .absent
        case .unavailable: self = .unavailable
        case .withheld: self = .withheld
        case .error: self = .error
        case .unspecified, .unrecognized: return nil
        }
    }
}

extension ModelAnswer {
    /// What was recorded of an answer, as if the model had just given it.
    init(_ recorded: AssayRiskV1.RecordedModel) {
        self.init(
            name: recorded.name,
            response: AssayModelsV1.PredictResponse(
                version: recorded.version, artifact: recorded.artifact,
                margin: [recorded.margin], probability: [recorded.probability],
                explanation: AssayModelsV1.Explanation(
                    attributions: recorded.attributions.map {
                        AssayModelsV1.Attribution(
                            field: $0.field, reasonCode: $0.reasonCode, value: $0.value)
                    })))
    }
}
