/// The least status of a decision that was made without one of its sources.
public struct DegradedFloor: Sendable, Hashable {
    public var outcome: ForcedOutcome
    /// Payments below this many minor units of the base currency are not raised; they still say
    /// that they are degraded. Nil: all are raised. An amount that is not known is raised.
    public var approveBelow: Int64?

    public init(_ outcome: ForcedOutcome, approveBelow: Int64? = nil) {
        self.outcome = outcome
        self.approveBelow = approveBelow
    }

    func status(forAmount amount: Int64?) -> RiskStatus {
        if let approveBelow, let amount, amount < approveBelow { return .approved }
        return outcome.status
    }
}
