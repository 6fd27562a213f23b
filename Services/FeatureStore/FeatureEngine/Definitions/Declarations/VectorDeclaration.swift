public import RuleLanguage

/// `amount: {type: money, expr: 'tx.amount'}`: a feature computed from the event at hand, from
/// other features, and from what the states hold.
public struct DerivedDeclaration: Sendable {
    public let name: Located<String>
    public let type: Located<String>
    /// What its number counts; money counts money.
    public let unit: Unit?
    public let expression: Located<String>
    /// `when`: where it is false, there is nothing to say, and the value is empty.
    public let condition: Located<String>?
    /// `of: destination`: the states it reads are those of the entities in this role, where the
    /// event names several of one type.
    public let role: Located<String>?
    public let defaultValue: Double
    public let documentation: Documentation

    public init(
        name: Located<String>, type: Located<String>, unit: Unit? = nil,
        expression: Located<String>, condition: Located<String>? = nil,
        role: Located<String>? = nil, defaultValue: Double, documentation: Documentation
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.expression = expression
        self.condition = condition
        self.role = role
        self.defaultValue = defaultValue
        self.documentation = documentation
    }
}

/// One position of a vector: a feature, the name it is published under, its scale and default.
public struct VectorEntry: Sendable {
    public let published: Located<String>
    public let feature: Located<String>
    /// Money in major units instead of minor ones.
    public let isMajor: Bool
    /// In place of the feature's own; in the scale of the vector.
    public let defaultValue: Double?

    public init(
        published: Located<String>, feature: Located<String>, isMajor: Bool,
        defaultValue: Double? = nil
    ) {
        self.published = published
        self.feature = feature
        self.isMajor = isMajor
        self.defaultValue = defaultValue
    }
}

public struct VectorDeclaration: Sendable {
    /// What a call gets while the store cannot answer.
    public enum Unavailable: String, Hashable, Sendable, CaseIterable {
        /// Defaults, flagged.
        case flag
        /// An error.
        case fail
    }

    public let name: Located<String>
    public let version: UInt32
    public let purpose: Purpose
    public let onUnavailable: Unavailable
    public let entries: [VectorEntry]

    public init(
        name: Located<String>, version: UInt32, purpose: Purpose,
        onUnavailable: Unavailable = .flag, entries: [VectorEntry]
    ) {
        self.name = name
        self.version = version
        self.purpose = purpose
        self.onUnavailable = onUnavailable
        self.entries = entries
    }
}
