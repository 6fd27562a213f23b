internal import AssayMessages
internal import RuleLanguage
internal import Wire

/// Everything that a decision was computed from and what came out, before it is sealed.
struct Assessment {
    var sheet: FactSheet
    var run: RuleRun
    var vector: AssayFeaturesV1.Vector?
    /// The rules' own vector.
    var ruleVector: AssayFeaturesV1.Vector?
    var entities: [AssayFeaturesV1.EntityRead] = []
    var definitionSet: [UInt8] = []
    var model: ModelOutcome = .absent(.unwanted)
    var industry = "default"
    /// When the event happened.
    var occurredAt: Timestamp?
    /// The vector as the model was given it, with claims laid over it.
    var modelRow: AssayFeaturesV1.Vector?
    /// The feature store did not answer.
    var isWithoutFeatures = false
    /// Facts that the event should have.
    var expected = ExpectedFacts([])
    var exceptions = AppliedExceptions()
    /// Nil: the event has no device.
    var fingerprint: AssayRiskV1.FingerprintResult?
}

/// Turns an assessment into the outcome that is recorded and shown.
struct OutcomeBuilder {
    let rules: RuleSet
    let policy: Policy

    /// The decision without the words around it.
    struct Weighed {
        /// What counts as a hit.
        var firing: [RuleRun.Entry]
        var hits: [Hit]
        var probability: Double?
        var decision: PolicyDecision
        var degradation: Degradation
        /// Of the override that let the subject through; empty without any.
        var overrideID: String
    }

    func weigh(_ assessment: Assessment) -> Weighed {
        let entries = assessment.run.entries
        let firing = entries.filter { isFiring($0) }
        let isSnoozed = entries.contains { $0.verdict == .snoozed }
        let hits = firing.map { rules.rules[$0.rule].hit }
        let probability = assessment.model.answer?.probability
        let explanation = assessment.model.answer?.explanation
        var decision = policy.decide(
            PolicyInput(
                hits: hits, probability: probability, explanation: explanation,
                hasRules: assessment.run.scoringNoHits > 0 || isSnoozed
                    || hits.contains { !$0.isTypology },
                industry: assessment.industry))
        let degradation = degrade(&decision, assessment)
        let overrideID = override(&decision, hits, degradation, assessment.exceptions)
        return Weighed(
            firing: firing, hits: hits, probability: probability, decision: decision,
            degradation: degradation, overrideID: overrideID)
    }

    func outcome(of assessment: Assessment) -> AssayRiskV1.RecordedOutcome {
        let weighed = weigh(assessment)
        let (firing, hits) = (weighed.firing, weighed.hits)
        let (decision, probability) = (weighed.decision, weighed.probability)
        let (degradation, overrideID) = (weighed.degradation, weighed.overrideID)
        let explanation = assessment.model.answer?.explanation
        var reasons = decision.reasons(
            hits: hits, circumstances: degradation.forcing, maximum: policy.maximumReasons)
        if !overrideID.isEmpty {
            reasons.insert(PrincipalReason(code: ReasonCode.overrideApplied, points: 0), at: 0)
            reasons = Array(reasons.prefix(policy.maximumReasons))
        }
        if assessment.sheet.hasClaimMismatch, reasons.count < policy.maximumReasons {
            reasons.append(PrincipalReason(code: ReasonCode.claimMismatch, points: 0))
        }
        let ranked = naming(
            assessment.sheet.contradictedFacts, of: ReasonCode.claimMismatch, self.reasons(reasons))
        return AssayRiskV1.RecordedOutcome(
            status: decision.status.message, riskLevel: decision.level.message,
            score: Int32(decision.wholeScore), scoreExact: Self.points(decision.score),
            ruleScore: Self.points(decision.ruleScore),
            modelScore: decision.wholeModelScore.map { Int32($0) }, modelProbability: probability,
            flags: firing.lazy.map { rules.rules[$0.rule] }.filter { $0.outcome != .alert }
                .map { flag($0, assessment.sheet.frame) },
            reasons: ranked, contributions: contributions(decision), forcedBy: decision.forcedBy,
            degraded: degradation.codes, message: Self.message(decision.status, ranked.first),
            fingerprint: assessment.fingerprint,
            shadow: shadow(assessment), modelConfidence: probability.map(Self.confidence),
            modelRiskFactors: probability == nil
                ? []
                : ModelRiskFactors(rules: rules, sheet: assessment.sheet)
                    .factors(explanation, by: policy.riskFactors),
            overrideID: overrideID, staleFacts: assessment.sheet.staleFacts,
            missing: missingFacts(assessment))
    }

    /// What callers know as confidence: a function of the probability, no measurement.
    private static func confidence(_ probability: Double) -> Double {
        probability > 0.8 || probability < 0.2 ? 0.9 : 0.7
    }

    private static let maximumShadowFlags = 320

    /// The flags of rules that hold and are only watched.
    private func shadow(_ assessment: Assessment) -> [AssayRiskV1.Flag] {
        assessment.run.entries.lazy.filter { $0.verdict == .shadowHit }
            .prefix(Self.maximumShadowFlags)
            .map { flag(rules.rules[$0.rule], assessment.sheet.frame) }
    }

    private func isFiring(_ entry: RuleRun.Entry) -> Bool {
        entry.verdict == .hit
            || (entry.verdict == .notEvaluated && rules.rules[entry.rule].onMissing == .fire)
    }

    // MARK: Parts

    private func flag(_ rule: Rule, _ frame: FactFrame) -> AssayRiskV1.Flag {
        AssayRiskV1.Flag(
            rule: rule.id, name: rule.name, score: Int32(rule.score),
            severity: rule.severity.rawValue, outcome: rule.outcome.rawValue,
            reasonCode: rule.reasonCode, text: rule.text.text(over: frame))
    }

    func reasons(_ reasons: [PrincipalReason]) -> [AssayRiskV1.Reason] {
        reasons.enumerated().map { index, reason in
            let code = rules.reasonCodes[reason.code]
            return AssayRiskV1.Reason(
                code: reason.code, text: code?.text ?? "",
                customerText: Self.customerText(code), points: Self.points(reason.points),
                rank: UInt32(index + 1))
        }
    }

    /// Adds the facts that a reason is about to its text.
    private func naming(
        _ facts: [String], of code: String, _ reasons: [AssayRiskV1.Reason]
    ) -> [AssayRiskV1.Reason] {
        guard !facts.isEmpty, let index = reasons.firstIndex(where: { $0.code == code }) else {
            return reasons
        }
        var reasons = reasons
        reasons[index].text = ClaimMismatch.text(reasons[index].text, naming: facts)
        return reasons
    }

    private static func customerText(_ code: ReasonCode?) -> String {
        switch code?.disclosure {
        case .customer: code?.customerText ?? ""
        case .generic: "We could not complete this."
        case .never, nil: ""
        }
    }

    func contributions(_ decision: PolicyDecision) -> [AssayRiskV1.Contribution] {
        decision.contributions.map {
            AssayRiskV1.Contribution(
                source: $0.source, reasonCode: $0.reasonCode, points: Self.points($0.points))
        }
    }

    /// Facts that rules asked for and nobody knew, with how many rules asked. What only raises an
    /// alert is not spoken of to the caller, who might tell the customer.
    private func missingFacts(_ assessment: Assessment) -> [AssayRiskV1.MissingGroup] {
        let sheet = assessment.sheet
        var rulesBySlot = [UInt32](repeating: 0, count: sheet.statuses.count)
        for entry in assessment.run.entries
        where entry.verdict == .notEvaluated && rules.rules[entry.rule].outcome != .alert {
            let rule = rules.rules[entry.rule]
            for slot in rule.facts
            where !sheet.frame.isPresent(slot) || (rule.stale == .missing && sheet.isStale(slot)) {
                rulesBySlot[slot] += 1
            }
        }
        var groups: [AssayRiskV1.MissingGroup] = []
        for (slot, rules) in rulesBySlot.enumerated() where rules > 0 {
            let isStale = sheet.frame.isPresent(slot)
            groups.add(
                self.rules.catalogue.entries[slot].name,
                isStale ? .stale : AssayRiskV1.MissingCause(sheet.statuses[slot]), rules: rules)
        }
        return groups
    }

    private static func message(_ status: RiskStatus, _ first: AssayRiskV1.Reason?) -> String {
        let because = first.map { $0.text.isEmpty ? "" : ": " + $0.text } ?? ""
        return switch status {
        case .approved: "Approved"
        case .challenge: "Ask the customer to confirm" + because
        case .review: "Hold for review" + because
        case .declined: "Declined" + because
        }
    }

    /// Thousandths of a point as a decimal with three places.
    static func points(_ thousandths: Int64) -> Decimal64 {
        Decimal64(coefficient: thousandths, scale: 3) ?? .zero
    }
}

extension RiskStatus {
    var message: AssayRiskV1.Status {
        switch self {
        case .approved: .approved
        case .challenge: .challenge
        case .review: .review
        case .declined: .declined
        }
    }
}

extension RiskLevel {
    var message: AssayRiskV1.Level {
        switch self {
        case .low: .low
        case .medium: .medium
        case .high: .high
        case .critical: .critical
        }
    }
}
