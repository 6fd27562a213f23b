internal import AssayMessages
internal import RPC
internal import RuleLanguage
internal import Wire

extension RiskService {
    /// One loan application: the model's probability of default, as points, grade and decision.
    func decide(
        _ request: AssayRiskV1.AssessCreditRequest, _ asked: DecisionIndex.Request,
        _ digest: [UInt8], _ context: ServerContext
    ) async throws -> AssayRiskV1.Decision {
        let live = try live(request.policy, context)
        let row = CreditRow(request)
        let experiments = ExperimentFacts(request)
        let now = surroundings.now()
        let predict = AssayModelsV1.PredictRequest(
            requestID: request.requestID, model: configuration.creditModel,
            selector: .alias(configuration.alias), values: row.values,
            texts: row.texts.map { AssayModelsV1.CategoryText(field: $0.field, text: $0.text) },
            subjects: experiments.subjects, attributes: experiments.attributes, explain: .reasons,
            observedAt: now)
        let answer = try await models.require(
            predict, options: options(context, share: configuration.modelShare))
        try checkDeadline(context)

        var assessment = Assessment(
            sheet: FactSheet(catalogue: live.rules.catalogue), run: RuleRun())
        assessment.model = .answer(answer)
        assessment.occurredAt = now
        let identity = RecordBuilder.Identity(
            id: surroundings.newDecisionID(), at: now, request: asked,
            requestDigest: digest, salt: surroundings.newSalt(),
            subjects: [request.customer.customerID])
        let outcome = CreditOutcome(policy: live.policy, builder: live.outcomes)
            .outcome(of: answer, knownShare: row.knownShare)
        var draft = live.records.record(identity, assessment, outcome)
        draft.record.vectors = [row.recorded]
        return try await seal(draft, identity)
    }
}
