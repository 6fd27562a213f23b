internal import AssayMessages
internal import RuleLanguage

/// What the feature store answered to a payment: the model's vector, and the rules' own.
struct ScoredFeatures {
    /// Nil: the store did not answer.
    private let response: AssayFeaturesV1.ScoreEventResponse?
    private let wantsRuleVector: Bool
    private let vectors: PaymentVector
    /// What the model reads.
    let vector: AssayFeaturesV1.Vector?
    /// What the rules read; nil: the features of the model's vector.
    let ruleVector: AssayFeaturesV1.Vector?

    init(
        _ response: AssayFeaturesV1.ScoreEventResponse?, _ configuration: RiskConfiguration,
        _ bindings: FactBindings
    ) {
        self.response = response
        wantsRuleVector = configuration.usesRuleVector
        vectors = bindings.vector(configuration.vectorName)
        vector = response?.vectors.first { $0.ref.name == configuration.vectorName }
        ruleVector = response?.vectors.first { $0.ref.name == FeatureFacts.vector.name }
    }

    var entities: [AssayFeaturesV1.EntityRead] { response?.entities ?? [] }
    var definitionSet: [UInt8] { response?.definitionSet ?? [] }

    /// Sets the facts that are features, or says that they are unavailable.
    func fill(_ sheet: inout FactSheet, _ bindings: FactBindings) {
        if wantsRuleVector {
            if let ruleVector {
                bindings.features.fill(&sheet, from: ruleVector)
            } else {
                bindings.features.miss(&sheet, .unavailable)
            }
        } else if let vector {
            vectors.fill(&sheet, from: vector)
        } else {
            vectors.miss(&sheet, .unavailable)
        }
        if let vector { vectors.fillAmount(&sheet, from: vector) }
    }

    /// The model's vector with claims that became facts laid over it.
    func row(_ sheet: FactSheet) -> AssayFeaturesV1.Vector? {
        guard var row = vector else { return nil }
        vectors.overlay(sheet, on: &row)
        return row
    }
}
