internal import AssayMessages
internal import Wire

/// Turns a probability of default into the outcome of a loan application.
struct CreditOutcome {
    let policy: Policy
    let builder: OutcomeBuilder

    func outcome(
        of answer: ModelAnswer, knownShare: Double
    ) -> AssayRiskV1.RecordedOutcome {
        let probability = answer.probability ?? 1
        var credit = policy.credit.decision(of: probability)
        var degraded: [String] = []
        if knownShare < policy.credit.leastKnownShare {
            degraded.append(ReasonCode.factsMissing)
            if credit == .approved { credit = .refer }
        }
        // Levels and points as for payments; the status is the credit policy's own.
        let decision = policy.decide(
            PolicyInput(hits: [], probability: probability, hasRules: false))
        let reasons = builder.reasons(principal(answer, decision.score))
        let status = Self.status(of: credit)
        return AssayRiskV1.RecordedOutcome(
            status: status.message, riskLevel: decision.level.message,
            score: Int32(decision.wholeScore),
            scoreExact: OutcomeBuilder.points(decision.score),
            ruleScore: OutcomeBuilder.points(0),
            modelScore: decision.wholeModelScore.map { Int32($0) }, modelProbability: probability,
            reasons: reasons, contributions: builder.contributions(decision),
            credit: AssayRiskV1.CreditResult(
                probabilityOfDefault: probability,
                points: Int32(policy.credit.points(of: probability)),
                grade: policy.credit.grade(of: probability), decision: credit.rawValue,
                reasons: credit == .approved ? [] : reasons),
            degraded: degraded, message: Self.message(credit, reasons.first))
    }

    /// The principal reasons of this applicant: what pushed the probability up, added per reason
    /// code, largest first. Codes that may not be told to an applicant, and inputs that spoke for
    /// the applicant, are never among them. Points share out the score.
    private func principal(_ answer: ModelAnswer, _ score: Int64) -> [PrincipalReason] {
        var pushes: [String: Double] = [:]
        for part in answer.attributions where part.value.isFinite {
            pushes[part.reasonCode, default: 0] += part.value
        }
        let raising = pushes.filter { $0.value > 0 }
        let ranked = raising.sorted { a, b in a.value != b.value ? a.value > b.value : a.key < b.key
        }
        let total = ranked.reduce(0) { $0 + $1.value }
        let tellable = ranked.filter {
            builder.rules.reasonCodes[$0.key]?.disclosure == .customer
        }
        return tellable.prefix(policy.credit.maximumReasons).map { code, push in
            PrincipalReason(
                code: code, points: Int64((Double(score) * push / total).rounded(.down)))
        }
    }

    private static func status(of credit: CreditPolicy.Decision) -> RiskStatus {
        switch credit {
        case .approved: .approved
        case .refer: .review
        case .declined: .declined
        }
    }

    private static func message(
        _ credit: CreditPolicy.Decision, _ first: AssayRiskV1.Reason?
    ) -> String {
        let because = first.map { ": " + $0.text } ?? ""
        return switch credit {
        case .approved: "Approved"
        case .refer: "Refer to a person" + because
        case .declined: "Declined" + because
        }
    }
}
