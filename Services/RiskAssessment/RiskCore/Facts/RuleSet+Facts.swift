package import AssayMessages

extension RuleSet {
    /// The facts of a payment as its rules see them, for whoever measures or examines rules.
    ///
    /// - Parameter features: `rule_facts@1`; nil: the feature store did not answer.
    package func facts(
        of request: AssayRiskV1.AssessTransactionRequest, features: AssayFeaturesV1.Vector?,
        entities: [AssayFeaturesV1.EntityRead] = [], tenant: String, keys: TenantKeys
    ) -> FactSheet {
        let facts = TransactionFacts(request: request, rules: self, hashes: keys.hashes(of: tenant))
        var sheet = FactSheet(catalogue: catalogue)
        facts.fill(&sheet)
        if let features {
            bindings.features.fill(&sheet, from: features)
        } else {
            bindings.features.miss(&sheet, .unavailable)
        }
        facts.fillUnobserved(&sheet, entities: entities)
        return sheet
    }
}
