internal import RuleLanguage

/// What was unavailable to a decision, and what that made of its status (design: risk, section 16).
struct Degradation {
    /// Goes into `degraded`.
    var codes: [String] = []
    /// Codes that explain the status.
    var forcing: [String] = []
    /// No exception may lower the status: it was, or could have been, demanded.
    var isFinal = false
}

extension OutcomeBuilder {
    /// Raises the status by what was unavailable.
    func degrade(_ decision: inout PolicyDecision, _ assessment: Assessment) -> Degradation {
        var degradation = Degradation()
        func raise(_ code: String, _ floor: RiskStatus) {
            degradation.codes.append(code)
            if floor > decision.status {
                decision.status = floor
                degradation.forcing.append(code)
            }
            if floor == .declined { degradation.isFinal = true }
        }
        if assessment.isWithoutFeatures {
            raise(
                ReasonCode.featuresUnavailable,
                policy.featuresUnavailable.status(forAmount: amount(assessment)))
        }
        if case .absent(.failed) = assessment.model {
            raise(
                ReasonCode.modelUnavailable,
                policy.modelUnavailable.status(forAmount: amount(assessment)))
        }
        if assessment.sheet.hasStaleFacts { raise(ReasonCode.factsStale, .approved) }
        let entries = assessment.run.entries
        let failed = entries.filter { if case .error = $0.verdict { true } else { false } }
        if !failed.isEmpty { raise(ReasonCode.ruleError, .approved) }
        let asking = entries.filter {
            $0.verdict == .notEvaluated && rules.rules[$0.rule].onMissing != .skip
        }
        // Rules on money cannot see a payment in a currency that has no rate here.
        let isAmountUnknown = isAmountUnknown(assessment)
        if !asking.isEmpty || isAmountUnknown {
            let wantsReview =
                isAmountUnknown || asking.contains { rules.rules[$0.rule].onMissing == .review }
            raise(ReasonCode.factsMissing, wantsReview ? .review : .approved)
        }
        // A rule that demands a decline and could not say no might have said yes.
        if (failed + asking).contains(where: { rules.rules[$0.rule].outcome == .decline }) {
            degradation.isFinal = true
        }
        return degradation
    }

    /// Minor units of the base currency; nil if the amount is not known in it.
    private func amount(_ assessment: Assessment) -> Int64? {
        guard let slot = rules.catalogue.schema.slot(of: "tx.amount"),
            case .int(let amount)? = assessment.sheet.frame.value(at: slot)
        else { return nil }
        return amount
    }

    /// Whether an amount was sent that cannot be told in the base currency.
    private func isAmountUnknown(_ assessment: Assessment) -> Bool {
        // Without the feature store the policy says what becomes of it.
        guard !assessment.isWithoutFeatures,
            let slot = rules.catalogue.schema.slot(of: "tx.amount")
        else { return false }
        return switch assessment.sheet.statuses[slot] {
        case .unavailable, .error: true
        default: false
        }
    }

    /// Lets the subject of an override through, unless a rule demands a decline.
    ///
    /// - Returns: the id of the override; empty if it made no difference.
    func override(
        _ decision: inout PolicyDecision, _ hits: [Hit], _ degradation: Degradation,
        _ exceptions: AppliedExceptions
    ) -> String {
        guard !exceptions.overrideID.isEmpty, decision.status != .approved, !degradation.isFinal,
            !hits.contains(where: { $0.outcome == .decline })
        else { return "" }
        decision.status = .approved
        return exceptions.overrideID
    }
}
