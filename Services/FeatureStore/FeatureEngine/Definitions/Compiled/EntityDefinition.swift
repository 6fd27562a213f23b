public import RuleLanguage

public enum FeatureType: String, Hashable, Sendable, CaseIterable {
    case int, money, double, bool, category
}

/// What a state gives under a full name, such as `card_txn_cnt_1h`.
public struct StateFeature: Sendable {
    public let name: String
    /// A shorter name that finds it too, where nothing else has that name: `is_new_merch`.
    public let alias: String?
    public let read: FeatureRead
    public let type: FeatureType
    public let unit: Unit?
    public let defaultValue: Double
    /// Canonical text of what the value means: names of the feature itself are not part of it.
    public let meaning: String
    public let documentation: Documentation
}

/// Counts per class in a window, under a full name: `share`, `smoothed_share` and `rank` take them.
public struct CountsFeature: Sendable {
    public let name: String
    public let measure: Int
    public let tier: Int
    /// Milliseconds.
    public let window: Int64
    /// Not nil: the window ends this many milliseconds before the read.
    public let lag: Int64?
    public let classes: Measure.Classes
    /// How many classes there can be at most.
    public let maximumClasses: Int
    /// The type of the counted field, and for a category its enumeration.
    public let field: FieldType
    public let enumeration: Int?
    public let meaning: String
    public let documentation: Documentation
}

/// A value that a register, a table or a recent list keeps.
public struct StoredField: Hashable, Sendable {
    public let name: String
    public let type: FieldType
    public let enumeration: Int?

    public var unit: Unit? { type == .money ? .money : nil }
}

/// A register or a snapshot, as expressions name it: `last_payment.amount`.
public struct RegisterDefinition: Sendable {
    public let name: String
    /// In the order of ``Register/values``.
    public let fields: [StoredField]
    public let isSnapshot: Bool
    public let meaning: String
    public let documentation: Documentation
}

/// A table, as expressions name it: `documents.filter(d, d.status == "verified")`.
public struct TableDefinition: Sendable {
    public let name: String
    /// By which a row is found: `payees[tx.payee_id]`.
    public let key: StoredField
    /// In the order of ``KeyedTable/values``.
    public let fields: [StoredField]
    /// In the order of the terms of ``KeyedTable``.
    public let sums: [StoredField]
    public let rows: Int
    public let meaning: String
    public let documentation: Documentation
}

/// A recent list, as expressions name it.
public struct RecentDefinition: Sendable {
    /// Empty for a list that only serves aggregates with `exact: true`.
    public let name: String
    /// In the order of ``RecentList/values``.
    public let fields: [StoredField]
    public let rows: Int
    public let meaning: String
    public let documentation: Documentation
}

public struct EntityDefinition: Sendable {
    public let name: String
    public let short: String
    /// The names of the parts of its key.
    public let key: [String]
    /// Whose data it is: a position in ``DefinitionSet/entities``, its own if it is a subject.
    public let subject: Int?
    /// Class of personal data that its keys are; nil if they are none.
    public let personal: String?
    public let isRelaxed: Bool
    public let group: Group
    /// Canonical text of what the group means; its hash, with the tenant, binds the states.
    public let meaning: String
    /// What the group keeps, piece by piece, each as canonical text: a set grows by new pieces.
    public let parts: Set<String>
    /// Reads all features of the entity, in the order of `features`.
    public let plan: ReadPlan
    public let features: [StateFeature]
    public let counts: [CountsFeature]
    /// In the order of ``Group/registers``, ``Group/tables`` and ``Group/recents``.
    public let registers: [RegisterDefinition]
    public let tables: [TableDefinition]
    public let recents: [RecentDefinition]
}
