/// A condition over facts that speaks against a payment, and what it is worth.
public struct Rule: Sendable {
    public enum State: String, Sendable, CaseIterable {
        /// Checked and tested, but not run.
        case draft
        /// Run beside the live ones, on the same facts, without effect.
        case shadow
        case live
        case retired

        var runs: Bool { self == .live || self == .shadow }
    }

    /// What becomes of a rule whose facts are missing.
    public enum OnMissing: String, Sendable, CaseIterable {
        /// Nothing.
        case skip
        /// The status is at least review.
        case review
        /// It counts as a hit.
        case fire
    }

    /// What becomes of facts that are older than their source promises.
    public enum Stale: String, Sendable, CaseIterable {
        /// They are used, and named in the decision.
        case use
        /// They count as missing.
        case missing
    }

    public var id: String
    /// The name of the flag it raises.
    public var name: String
    public var pack: String
    public var packVersion: Int64 = 0
    /// Who answers for it; empty if the pack does not say.
    public var owner = ""
    public var condition: String
    public var score: Int64
    public var severity: Severity
    public var reasonCode: String
    public var outcome: ForcedOutcome
    /// Nil: all industries.
    public var industries: Set<String>?
    public var state: State
    public var onMissing: OnMissing
    public var stale: Stale = .use
    /// It looks for money laundering: people are told of it, and it has no points in a score.
    public var isTypology = false
    /// How often it was wrong where it was measured; empty if it forces nothing.
    public var evidence = ""
    public var text: TextTemplate
    /// Events before or from these seconds since 1970 do not know the rule.
    public var validFrom: Int64?
    public var validUntil: Int64?
    /// Number of the condition in the rule set's program.
    var expression = 0
    /// Slots of the facts that it reads.
    public internal(set) var facts: [Int] = []
    /// Hash of all that decides what it does; the same in two sets means the same verdict. Empty
    /// while it is not loaded.
    var content: [UInt8] = []

    var hit: Hit {
        Hit(
            rule: id, score: score, severity: severity, outcome: outcome, reasonCode: reasonCode,
            isTypology: isTypology)
    }
}
