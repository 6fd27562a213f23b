internal import AssayMessages
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
        /// Ids of the customer and the account, for whoever looks for their decisions.
        var subjects: [String] = []
    }

    /// The record without its place in the chain, and what it must not hold.
    func record(
        _ identity: Identity, _ assessment: Assessment, _ outcome: AssayRiskV1.RecordedOutcome
    ) -> DecisionDraft {
        var evidence = DecisionEvidence(salt: identity.salt, subjects: identity.subjects)
        evidence.vector = assessment.modelRow?.modelVector ?? 0
        let verdicts = RecordedVerdicts(assessment.run, rules)
        var record = AssayRiskV1.DecisionRecord(
            decisionID: identity.id, kind: identity.request.kind, tenant: identity.request.tenant,
            requestID: identity.request.id, transactionID: identity.transactionID,
            decidedAt: identity.at, request: identity.requestDigest, industry: identity.industry,
            entities: entities(assessment), vectors: vectors(assessment),
            definitionSet: assessment.definitionSet, model: assessment.model.answer?.recorded,
            rules: verdicts.rules, noHits: UInt32(clamping: assessment.run.noHits),
            ruleSet: rules.digest, policy: policy.name, policyDigest: policy.digest,
            outcome: outcome, build: build, occurredAt: assessment.occurredAt,
            expected: assessment.expected.names, zoneTable: rules.zoneDigest,
            notEvaluated: verdicts.notEvaluated.bytes, skipped: verdicts.skipped.bytes)
        if identity.request.kind == .transaction {
            record.facts = facts(assessment.sheet, &evidence)
            RecordReduction(rules: rules, run: assessment.run).reduce(&record)
        }
        return DecisionDraft(record: record, evidence: evidence)
    }

    private func facts(
        _ sheet: FactSheet, _ evidence: inout DecisionEvidence
    ) -> AssayRiskV1.RecordedFacts {
        var hidden = AssayRiskV1.FactColumns()
        var facts = AssayRiskV1.RecordedFacts(sheet, hiding: &hidden)
        facts.commitment = evidence.hide(hidden)
        return facts
    }

    private func entities(_ assessment: Assessment) -> [AssayRiskV1.RecordedEntity] {
        assessment.entities.prefix(16).map {
            AssayRiskV1.RecordedEntity(entity: $0.entity, role: $0.role, version: $0.version)
        }
    }

    private func vectors(_ assessment: Assessment) -> [AssayRiskV1.RecordedVector] {
        guard let vector = assessment.vector else { return [] }
        var recorded = AssayRiskV1.RecordedVector(
            name: vector.ref.name, version: vector.ref.version, digest: vector.digest)
        if assessment.model.answer != nil, let row = assessment.modelRow {
            recorded.keep(row)
        }
        let other = assessment.ruleVector.map {
            AssayRiskV1.RecordedVector(
                name: $0.ref.name, version: $0.ref.version, digest: $0.digest)
        }
        return [recorded] + (other.map { [$0] } ?? [])
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
            modelProbability: outcome.modelProbability,
            modelConfidence: outcome.modelConfidence, modelInterval: outcome.modelInterval,
            flags: outcome.flags, reasons: outcome.reasons,
            contributions: outcome.contributions, modelRiskFactors: outcome.modelRiskFactors,
            fingerprint: outcome.fingerprint, credit: outcome.credit, forcedBy: outcome.forcedBy,
            overrideID: outcome.overrideID, degraded: outcome.degraded,
            missingFacts: outcome.missingFacts, staleFacts: outcome.staleFacts,
            shadow: outcome.shadow, message: outcome.message,
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

extension RuleVerdict {
    var message: AssayRiskV1.Verdict {
        switch self {
        case .hit: .hit
        case .noHit: .noHit
        case .notEvaluated: .notEvaluated
        case .error: .error
        case .skipped: .skipped
        case .snoozed: .snoozed
        case .shadowHit: .shadowHit
        }
    }
}
