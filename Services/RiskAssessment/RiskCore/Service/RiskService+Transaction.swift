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
        let live = try live(request.policy, context)
        let now = surroundings.now()
        try RequestCheck.check(
            request.transaction, baseCurrency: live.rules.baseCurrency, now: now)
        let hashes = configuration.tenantKeys.hashes(of: context.caller.tenant)
        let facts = TransactionFacts(
            request: request, rules: live.rules, hashes: hashes,
            enabled: configuration.enabledFacts)
        var sheet = FactSheet(catalogue: live.rules.catalogue)
        facts.fill(&sheet)
        let findings = request.device.map { device in
            DeviceAnalyzer(keys: configuration.tenantKeys, rules: live.rules).findings(
                on: device, of: context.caller.tenant,
                at: request.transaction.occurredAt.seconds)
        }
        findings?.fill(&sheet)
        let event = AssayFeaturesV1.Event(
            payment: request, hashes: hashes, deviceID: findings?.id ?? "")
        let scored = ScoredFeatures(
            await score(event, request, context), configuration, live.rules.bindings)
        try checkDeadline(context)
        scored.fill(&sheet, live.rules.bindings)
        facts.fillUnobserved(&sheet, entities: scored.entities)

        var assessment = Assessment(sheet: sheet, run: RuleRun())
        assessment.fingerprint = findings?.message
        assessment.isWithoutFeatures = scored.vector == nil
        assessment.vector = scored.vector
        assessment.ruleVector = scored.ruleVector
        assessment.entities = scored.entities
        assessment.definitionSet = scored.definitionSet
        assessment.industry = facts.industry
        assessment.occurredAt = request.transaction.occurredAt
        assessment.expected = facts.expected
        if let row = modelRow(request, scored, sheet) {
            assessment.modelRow = row
            async let answer = predict(
                request, row, live.policy, industry: facts.industry, at: now, context)
            assessment.run = run(facts, sheet, live)
            assessment.model = await answer
            try checkDeadline(context)
        } else {
            assessment.run = run(facts, sheet, live)
        }

        assessment.exceptions = live.exceptions.applying(
            to: [request.customer?.customerID, request.account?.accountID].compactMap { $0 },
            of: context.caller.tenant, at: request.transaction.occurredAt.seconds)
        assessment.run.snooze(assessment.exceptions, in: live.rules)
        let identity = RecordBuilder.Identity(
            id: surroundings.newDecisionID(), at: now, request: asked,
            requestDigest: digest, transactionID: request.transaction.transactionID,
            industry: request.industry, salt: surroundings.newSalt(),
            subjects: [request.customer?.customerID, request.account?.accountID]
                .compactMap { $0 })
        let outcome = live.outcomes.outcome(of: assessment)
        return try await seal(live.records.record(identity, assessment, outcome), identity)
    }

    /// The vectors as they were before this payment, which is then applied; nil if the store is
    /// away.
    private func score(
        _ event: AssayFeaturesV1.Event, _ request: AssayRiskV1.AssessTransactionRequest,
        _ context: ServerContext
    ) async -> AssayFeaturesV1.ScoreEventResponse? {
        var vectors = [
            AssayFeaturesV1.VectorRef(
                name: configuration.vectorName, version: configuration.vectorVersion)
        ]
        if configuration.usesRuleVector { vectors.append(FeatureFacts.vector) }
        let score = AssayFeaturesV1.ScoreEventRequest(event: event, vectors: vectors)
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
            expects: facts.expected.contains, evaluator: &evaluator)
        live.counters.count(
            run, industry: facts.industry, at: second, only: live.policy.rules)
        return run
    }

    // MARK: Model

    /// The vector with claims laid over it; nil if the model is not to be asked, or knows nothing
    /// without features.
    private func modelRow(
        _ request: AssayRiskV1.AssessTransactionRequest, _ scored: ScoredFeatures,
        _ sheet: FactSheet
    ) -> AssayFeaturesV1.Vector? {
        guard request.useModel ?? true, models.isWanted(configuration.paymentModel) else {
            return nil
        }
        return scored.row(sheet)
    }

    private func predict(
        _ request: AssayRiskV1.AssessTransactionRequest, _ row: AssayFeaturesV1.Vector,
        _ policy: Policy, industry: String, at time: Timestamp, _ context: ServerContext
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
                    attributes: experiments.attributes, explain: .reasons,
                    explainFrom: policy.explainFloor, observedAt: time)
            }, options: options)
    }
}
