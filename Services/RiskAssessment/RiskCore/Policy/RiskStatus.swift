/// What happens to a payment or an application, from the mildest on.
public enum RiskStatus: Int, Sendable, Comparable, CaseIterable {
    case approved, challenge, review, declined

    public static func < (a: RiskStatus, b: RiskStatus) -> Bool { a.rawValue < b.rawValue }
}

/// How risky it is.
public enum RiskLevel: Int, Sendable, Comparable, CaseIterable {
    case low, medium, high, critical

    public static func < (a: RiskLevel, b: RiskLevel) -> Bool { a.rawValue < b.rawValue }
}

/// What a rule demands whatever the score.
public enum ForcedOutcome: String, Sendable, CaseIterable {
    case none, challenge, review, decline
    /// Nothing of the payment; people look into the customer afterwards.
    case alert

    var status: RiskStatus {
        switch self {
        case .none, .alert: .approved
        case .challenge: .challenge
        case .review: .review
        case .decline: .declined
        }
    }
}

public enum Severity: String, Sendable, CaseIterable {
    case low, medium, high, critical
}
