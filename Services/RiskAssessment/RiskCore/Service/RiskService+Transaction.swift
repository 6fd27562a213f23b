internal import AssayMessages
internal import RPC
internal import RuleLanguage
internal import Wire

extension RiskService {
    /// One payment: features, then rules beside the model, then the policy.
    func decide(
        _ request: AssayRiskV1.AssessTransactionRequest, _ asked: DecisionIndex.Request,
        _ digest: [UInt8], _ context: ServerContext
    ) async throws -> AssayRiskV1.Decision {
        let facts = TransactionFacts(request: request, baseCurrency: rules.baseCurrency)
        let now = surroundings.now()
        var sheet = FactSheet(catalogue: rules.catalogue)
        facts.fill(&sheet)
        let scored = await score(request, context)
        try checkDeadline(context)
        if let vector = scored?.vectors.first {
            self.vector.fill(&sheet, from: vector)
        } else {
            vector.miss(&sheet, .unavailable)
        }
        facts.claim(&sheet)

        var assessment = Assessment(sheet: sheet, run: RuleRun())
        assessment.isWithoutFeatures = scored?.vectors.first == nil
        assessment.vector = scored?.vectors.first
        assessment.entities = scored?.entities ?? []
        assessment.definitionSet = scored?.definitionSet ?? []
        assessment.industry = facts.industry
        if let row = modelRow(request, assessment) {
            async let answer = predict(request, row, at: now, context)
            assessment.run = run(facts, sheet)
            assessment.model = await answer
            try checkDeadline(context)
        } else {
            assessment.run = run(facts, sheet)
        }

        let identity = RecordBuilder.Identity(
            id: surroundings.newDecisionID(), at: now, request: asked,
            requestDigest: digest, transactionID: request.transaction.transactionID,
            industry: request.industry, salt: surroundings.newSalt())
        let outcome = outcomes.outcome(of: assessment)
        return try await seal(records.record(identity, assessment, outcome), identity)
    }

    /// The vector as it was before this payment, which is then applied; nil if the store is away.
    private func score(
        _ request: AssayRiskV1.AssessTransactionRequest, _ context: ServerContext
    ) async -> AssayFeaturesV1.ScoreEventResponse? {
        let ref = AssayFeaturesV1.VectorRef(
            name: configuration.vectorName, version: configuration.vectorVersion)
        let score = AssayFeaturesV1.ScoreEventRequest(
            event: AssayFeaturesV1.Event(payment: request), vectors: [ref])
        var options = options(context, share: configuration.featuresShare)
        // Where several stores serve, one customer's payments meet the same one.
        options.routingKey = request.customer?.customerID
        return try? await features.scoreEvent(score, options: options)
    }

    private func run(_ facts: TransactionFacts, _ sheet: FactSheet) -> RuleRun {
        var evaluator = Evaluator()
        return rules.run(
            over: sheet, industry: facts.industry,
            at: facts.request.transaction.occurredAt.seconds, only: policy.rules,
            expects: facts.expects, evaluator: &evaluator)
    }

    // MARK: Model

    /// The vector with claims laid over it; nil if the model is not to be asked, or knows nothing
    /// without features.
    private func modelRow(
        _ request: AssayRiskV1.AssessTransactionRequest, _ assessment: Assessment
    ) -> AssayFeaturesV1.Vector? {
        guard request.useModel ?? true, models.isWanted(configuration.paymentModel),
            var row = assessment.vector
        else { return nil }
        vector.overlay(assessment.sheet, on: &row)
        return row
    }

    private func predict(
        _ request: AssayRiskV1.AssessTransactionRequest, _ row: AssayFeaturesV1.Vector,
        at time: Timestamp, _ context: ServerContext
    ) async -> ModelOutcome {
        let experiments = ExperimentFacts(
            request,
            industry: TransactionFacts(request: request, baseCurrency: rules.baseCurrency).industry)
        let options = options(context, share: configuration.modelShare)
        return await models.ask(
            configuration.paymentModel,
            { model in
                AssayModelsV1.PredictRequest(
                    requestID: request.requestID, model: model,
                    selector: .alias(configuration.alias),
                    vector: row.ref.fingerprint.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                    values: row.values, status: row.status, subjects: experiments.subjects,
                    attributes: experiments.attributes, observedAt: time)
            }, options: options)
    }
}
