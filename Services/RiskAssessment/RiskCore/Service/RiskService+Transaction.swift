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
        let live = self.live.current
        let facts = TransactionFacts(request: request, baseCurrency: live.rules.baseCurrency)
        let now = surroundings.now()
        var sheet = FactSheet(catalogue: live.rules.catalogue)
        facts.fill(&sheet)
        let scored = await score(request, context)
        try checkDeadline(context)
        if let vector = scored?.vectors.first {
            live.vector.fill(&sheet, from: vector)
        } else {
            live.vector.miss(&sheet, .unavailable)
        }
        facts.claim(&sheet)

        var assessment = Assessment(sheet: sheet, run: RuleRun())
        assessment.isWithoutFeatures = scored?.vectors.first == nil
        assessment.vector = scored?.vectors.first
        assessment.entities = scored?.entities ?? []
        assessment.definitionSet = scored?.definitionSet ?? []
        assessment.industry = facts.industry
        assessment.occurredAt = request.transaction.occurredAt
        assessment.expected = FactCatalogue.Expectation.allCases.filter(facts.expects)
        if let row = modelRow(request, assessment, live) {
            assessment.modelRow = row
            async let answer = predict(
                request, row, industry: facts.industry, at: now, context)
            assessment.run = run(facts, sheet, live)
            assessment.model = await answer
            try checkDeadline(context)
        } else {
            assessment.run = run(facts, sheet, live)
        }

        let identity = RecordBuilder.Identity(
            id: surroundings.newDecisionID(), at: now, request: asked,
            requestDigest: digest, transactionID: request.transaction.transactionID,
            industry: request.industry, salt: surroundings.newSalt(),
            subjects: [request.customer?.customerID, request.account?.accountID]
                .compactMap { $0 })
        let outcome = live.outcomes.outcome(of: assessment)
        return try await seal(live.records.record(identity, assessment, outcome), identity)
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

    private func run(
        _ facts: TransactionFacts, _ sheet: FactSheet, _ live: RuleSnapshot
    ) -> RuleRun {
        var evaluator = Evaluator()
        let second = facts.request.transaction.occurredAt.seconds
        let run = live.rules.run(
            over: sheet, industry: facts.industry, at: second, only: live.policy.rules,
            expects: facts.expects, evaluator: &evaluator)
        live.counters.count(
            run, industry: facts.industry, at: second, only: live.policy.rules)
        return run
    }

    // MARK: Model

    /// The vector with claims laid over it; nil if the model is not to be asked, or knows nothing
    /// without features.
    private func modelRow(
        _ request: AssayRiskV1.AssessTransactionRequest, _ assessment: Assessment,
        _ live: RuleSnapshot
    ) -> AssayFeaturesV1.Vector? {
        guard request.useModel ?? true, models.isWanted(configuration.paymentModel),
            var row = assessment.vector
        else { return nil }
        live.vector.overlay(assessment.sheet, on: &row)
        return row
    }

    private func predict(
        _ request: AssayRiskV1.AssessTransactionRequest, _ row: AssayFeaturesV1.Vector,
        industry: String, at time: Timestamp, _ context: ServerContext
    ) async -> ModelOutcome {
        let experiments = ExperimentFacts(request, industry: industry)
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
