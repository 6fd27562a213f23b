/// Who keeps a feature, what it tells, and what it may be used for: own or inherited, and never
/// part of what a value means.
public struct Documentation: Hashable, Sendable {
    public var owner: String
    public var description: String
    public var sensitivity: Sensitivity
    /// Ascending, each once.
    public var purposes: [Purpose]
    public var tags: [String]
    /// Who allowed a restricted feature in credit decisions.
    public var approver: String?

    public init(
        owner: String, description: String, sensitivity: Sensitivity, purposes: [Purpose],
        tags: [String] = [], approver: String? = nil
    ) {
        self.owner = owner
        self.description = description
        self.sensitivity = sensitivity
        self.purposes = purposes
        self.tags = tags
        self.approver = approver
    }
}

public enum Sensitivity: String, Hashable, Sendable, CaseIterable {
    case low
    /// Location, balance, profile, counterparties, credit.
    case personal
    /// Age, postcode, names, sanctions, reports.
    case restricted
}

/// What a call wants values for; a feature names those it allows.
public enum Purpose: String, Hashable, Sendable, CaseIterable, Comparable {
    case fraud, aml, credit, service

    public static func < (a: Purpose, b: Purpose) -> Bool { a.rawValue < b.rawValue }
}

/// `allow: {credit: [card_txn_cnt_1h]}`: a purpose that features have besides those they name
/// themselves, in one list for whoever answers for it.
public struct GrantDeclaration: Sendable {
    public let purpose: Purpose
    public let features: [Located<String>]

    public init(purpose: Purpose, features: [Located<String>]) {
        self.purpose = purpose
        self.features = features
    }
}
