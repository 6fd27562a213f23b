/// A stable name of why; rules that mean the same share it.
public struct ReasonCode: Sendable, Hashable {
    public enum Disclosure: String, Sendable, CaseIterable {
        /// Has a text for the customer.
        case customer
        /// The customer learns only that something could not be completed.
        case generic
        /// For the bank's risk staff alone.
        case never
    }

    public var code: String
    public var group: String
    public var disclosure: Disclosure
    public var text: String
    /// What the customer may be told; empty if nothing may.
    public var customerText: String

    public static let modelScore = "MODEL_SCORE"
    public static let modelFloor = "MODEL_FLOOR"
    public static let claimMismatch = "CLAIM_MISMATCH"
    public static let factsMissing = "FACTS_MISSING"
    public static let featuresUnavailable = "FEATURES_UNAVAILABLE"
    public static let modelUnavailable = "MODEL_UNAVAILABLE"
    public static let factsStale = "FACTS_STALE"
    public static let ruleError = "RULE_ERROR"
    public static let overrideApplied = "OVERRIDE_APPLIED"

    /// The codes the engine itself gives; a table without them is refused.
    package static let system = [
        modelScore, modelFloor, claimMismatch, factsMissing, featuresUnavailable, modelUnavailable,
        factsStale, ruleError, overrideApplied,
    ]
}
