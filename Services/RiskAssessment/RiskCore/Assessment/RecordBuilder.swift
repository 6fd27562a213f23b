internal import AssayMessages
internal import Crypto
internal import Foundation
internal import RuleLanguage
internal import Wire

/// Writes down what a decision was computed from.
struct RecordBuilder {
    let rules: RuleSet
    let policy: Policy
    let build: String

    /// What names a decision before it has a place in the log.
    struct Identity {
        var id: UniqueID
        var at: Timestamp
        var request: DecisionIndex.Request
        var requestDigest: [UInt8]
        var transactionID = ""
        var industry: AssayRiskV1.Industry = .unspecified
        /// Secret of the commitments to personal facts of this decision.
        var salt: [UInt8]
    }

    /// The record without its place in the chain.
    func record(
        _ identity: Identity, _ assessment: Assessment, _ outcome: AssayRiskV1.RecordedOutcome
    ) -> AssayRiskV1.DecisionRecord {
        let facts = recordedFacts(assessment, salt: identity.salt)
        var positions = [UInt32](repeating: 0, count: assessment.sheet.statuses.count)
        for (position, slot) in facts.slots.enumerated() { positions[slot] = UInt32(position) }
        return AssayRiskV1.DecisionRecord(
            decisionID: identity.id, kind: identity.request.kind, tenant: identity.request.tenant,
            requestID: identity.request.id, transactionID: identity.transactionID,
            decidedAt: identity.at, request: identity.requestDigest, industry: identity.industry,
            facts: facts.facts, entities: entities(assessment), vectors: vectors(assessment),
            definitionSet: assessment.definitionSet, model: assessment.model.answer?.recorded,
            rules: recordedRules(assessment, positions), noHits: UInt32(assessment.run.noHits),
            ruleSet: rules.digest, policy: policy.name, policyDigest: policy.digest,
            outcome: outcome, build: build)
    }

    // MARK: Facts

    /// Every known fact, and the unknown ones that rules asked for, by slot.
    private func recordedFacts(
        _ assessment: Assessment, salt: [UInt8]
    ) -> (facts: [AssayRiskV1.RecordedFact], slots: [Int]) {
        let sheet = assessment.sheet
        var isKept = [Bool](repeating: false, count: sheet.statuses.count)
        for entry in assessment.run.entries {
            for slot in rules.rules[entry.rule].facts { isKept[slot] = true }
        }
        let slots = isKept.indices.filter { isKept[$0] || sheet.frame.isPresent($0) }
        return (slots.map { recorded($0, sheet, salt) }, slots)
    }

    private func recorded(
        _ slot: Int, _ sheet: FactSheet, _ salt: [UInt8]
    ) -> AssayRiskV1.RecordedFact {
        let entry = rules.catalogue.entries[slot]
        var fact = AssayRiskV1.RecordedFact(
            name: entry.name, status: sheet.statuses[slot].message,
            claimed: sheet.claimed.contains(slot))
        guard let value = sheet.frame.value(at: slot).flatMap(Self.message) else { return fact }
        if entry.isPersonal {
            let hidden = Array(entry.name.utf8) + [0] + value.encoded()
            fact.commitment = Commitment.make(hidden, salt: salt) ?? []
        } else {
            fact.value = value
        }
        return fact
    }

    private static func message(_ constant: Constant) -> AssayRiskV1.FactValue? {
        switch constant {
        case .bool(let value): .flag(value)
        case .int(let value): .integer(value)
        case .double(let value): .number(value)
        case .string(let value): .text(value)
        case .list(let entries):
            .text(
                entries.compactMap { if case .string(let text) = $0 { text } else { nil } }
                    .joined(separator: ","))
        // No fact of the catalogue has these types.
        case .null, .timestamp, .duration, .category, .place, .map, .record: nil
        }
    }

    // MARK: Rules and sources

    private func recordedRules(
        _ assessment: Assessment, _ positions: [UInt32]
    ) -> [AssayRiskV1.RecordedRule] {
        assessment.run.entries.map { entry in
            let rule = rules.rules[entry.rule]
            return AssayRiskV1.RecordedRule(
                rule: rule.id, verdict: entry.verdict.message,
                facts: rule.facts.map { positions[$0] })
        }
    }

    private func entities(_ assessment: Assessment) -> [AssayRiskV1.RecordedEntity] {
        assessment.entities.prefix(16).map {
            AssayRiskV1.RecordedEntity(entity: $0.entity, role: $0.role, version: $0.version)
        }
    }

    private func vectors(_ assessment: Assessment) -> [AssayRiskV1.RecordedVector] {
        assessment.vector.map {
            [
                AssayRiskV1.RecordedVector(
                    name: $0.ref.name, version: $0.ref.version, digest: $0.digest)
            ]
        } ?? []
    }
}

extension AssayRiskV1.Decision {
    /// The decision of a record at its place in the log.
    init(_ record: AssayRiskV1.DecisionRecord, at position: AssayRiskV1.LogPosition) {
        let outcome = record.outcome
        let model = record.model
        self.init(
            decisionID: record.decisionID, kind: record.kind, requestID: record.requestID,
            transactionID: record.transactionID, status: outcome.status,
            riskLevel: outcome.riskLevel, score: outcome.score, scoreExact: outcome.scoreExact,
            ruleScore: outcome.ruleScore, modelScore: outcome.modelScore,
            modelProbability: outcome.modelProbability, flags: outcome.flags,
            reasons: outcome.reasons, contributions: outcome.contributions,
            credit: outcome.credit, forcedBy: outcome.forcedBy, degraded: outcome.degraded,
            missingFacts: outcome.missingFacts, message: outcome.message,
            decidedAt: record.decidedAt,
            versions: AssayRiskV1.Versions(
                ruleSet: record.ruleSet, policy: record.policy, model: model?.name ?? "",
                modelVersion: model?.version ?? 0, modelArtifact: model?.artifact ?? [],
                definitionSet: record.definitionSet, build: record.build),
            log: position, assignments: model?.assignments ?? [])
    }

    /// The decision with as much of the why as was asked for.
    func explained(_ level: AssayRiskV1.ExplainLevel) -> AssayRiskV1.Decision {
        guard level == .none else { return self }
        var decision = self
        decision.reasons = []
        decision.contributions = []
        decision.missingFacts = []
        return decision
    }
}

extension FactStatus {
    var message: AssayRiskV1.FactStatus {
        switch self {
        case .present: .present
        case .empty: .empty
        case .absent: .absent
        case .unavailable: .unavailable
        case .withheld: .withheld
        case .error: .error
        }
    }
}

extension RuleVerdict {
    var message: AssayRiskV1.Verdict {
        switch self {
        case .hit: .hit
        case .noHit: .noHit
        case .notEvaluated: .notEvaluated
        case .error: .error
        case .skipped: .skipped
        }
    }
}
