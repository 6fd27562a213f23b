public import AssayMessages
internal import RuleLanguage
internal import Wire

/// The facts of a recorded decision as its rules saw them, made again from its record.
///
/// A commitment stands in the record for the personal facts: their values come from the evidence, and are
/// taken only if they are what the commitment stands for.
public struct RecordedFrame: Sendable {
    /// Why a decision cannot be made again.
    public struct Unreplayable: Error, Hashable, CustomStringConvertible {
        public var description: String
    }

    public let record: AssayRiskV1.DecisionRecord
    public private(set) var sheet: FactSheet
    /// Facts that had values which are gone: erased, not those that were committed to, or not kept.
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
        // Of which kind each was makes no difference, only whether one was too old.
        let isStale = outcome.degraded.contains(ReasonCode.factsStale)
        let flags = isStale ? FeatureStatus.stale : FeatureStatus.incomplete
        for name in outcome.staleFacts {
            if let slot = schema.slot(of: name) { sheet.mark(slot, flags: flags) }
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
        guard let facts = record.facts else { return }
        var hidden: [UInt32: AssayRiskV1.FactValue] = [:]
        evidence?.facts(of: facts.commitment)?.visit { hidden[$0] = $1 }
        var gone: [Int] = []
        facts.visit { fact in
            guard let slot = sheet.catalogue.slot(ofKey: fact.key) else {
                return unknown.append(Self.name(ofKey: fact.key))
            }
            let value: AssayRiskV1.FactValue?
            switch fact.content {
            case .missing: return sheet.restore(slot, to: nil, status: fact.status)
            case .value(let known): value = known
            case .personal: value = hidden[fact.key]
            case .omitted: value = nil
            }
            guard let value else {
                gone.append(slot)
                return sheet.restore(slot, to: nil, status: .withheld)
            }
            let type = sheet.catalogue.schema.facts[slot].type
            guard let constant = FactValueCode.constant(value, as: type) else {
                return unknown.append(sheet.catalogue.entries[slot].name)
            }
            sheet.restore(slot, to: constant, status: fact.status, claimed: fact.isClaimed)
        }
        erased = gone.sorted().map { sheet.catalogue.entries[$0].name }
    }

    /// What a fact is called that no catalogue has.
    private static func name(ofKey key: UInt32) -> String {
        let digits = String(key, radix: 16)
        return "#" + String(repeating: "0", count: 8 - digits.count) + digits
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
