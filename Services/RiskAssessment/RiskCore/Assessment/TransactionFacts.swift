internal import AssayMessages
internal import Wire

/// What a payment's request brings to its assessment beside the features.
struct TransactionFacts {
    let request: AssayRiskV1.AssessTransactionRequest
    let bindings: FactBindings
    let context: FactContext
    let expected: ExpectedFacts

    init(
        request: AssayRiskV1.AssessTransactionRequest, rules: RuleSet, hashes: KeyedHash,
        enabled: Set<String> = []
    ) {
        self.request = request
        bindings = rules.bindings
        context = FactContext(
            seconds: request.transaction.occurredAt.seconds,
            offsetMinutes: Int64(request.transaction.utcOffsetMin),
            baseCurrency: CurrencyCode(rules.baseCurrency), hashes: hashes)
        expected = ExpectedFacts(request, enabled: enabled)
    }

    /// What was sent; before the features.
    func fill(_ sheet: inout FactSheet) { bindings.request.fill(&sheet, from: request, context) }

    /// What the caller says of facts that were not observed; after the features.
    func fillUnobserved(_ sheet: inout FactSheet, entities: [AssayFeaturesV1.EntityRead]) {
        bindings.request.fillUnobserved(&sheet, from: request, context, entities: entities)
    }

    var industry: String { Industries.name(of: request.industry) }
}
