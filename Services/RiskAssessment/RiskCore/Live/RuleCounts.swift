/// How often a rule came to which verdict.
public struct RuleCounts: Sendable, Hashable {
    public var hits: UInt64 = 0
    public var noHits: UInt64 = 0
    public var notEvaluated: UInt64 = 0
    public var errors: UInt64 = 0
    public var skipped: UInt64 = 0

    public init() {}
}
