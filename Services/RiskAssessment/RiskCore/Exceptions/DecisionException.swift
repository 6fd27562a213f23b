/// What two people agreed on for one subject of one tenant, for a while.
public struct DecisionException: Sendable, Hashable {
    public enum Effect: Sendable, Hashable {
        /// The status becomes `approved`, unless a rule demands that it is declined.
        case override
        /// This rule does not count for the subject; never one that demands `declined`.
        case snooze(rule: String)
    }

    /// Names the exception in decisions and records, such as the proposal's id.
    public var id: String
    public var tenant: String
    /// A customer's or an account's id.
    public var subject: String
    public var effect: Effect
    /// Seconds since 1970 from which on events know it.
    public var from: Int64
    /// Seconds since 1970 from which on events do not know it any more.
    public var until: Int64

    public init(
        id: String, tenant: String, subject: String, effect: Effect, from: Int64 = .min,
        until: Int64
    ) {
        self.id = id
        self.tenant = tenant
        self.subject = subject
        self.effect = effect
        self.from = from
        self.until = until
    }

    func isValid(at second: Int64) -> Bool { second >= from && second < until }
}
