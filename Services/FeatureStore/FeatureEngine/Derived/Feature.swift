public import RuleLanguage

/// A named value of a definition set: read from a state, or computed from others.
public struct Feature: Sendable {
    public enum Source: Sendable {
        /// Read from the state of an entity, by its position in the definition set.
        case state(entity: Int, FeatureRead)
        /// Computed by an expression.
        case derived(Derivation)
    }

    public let name: String
    /// An int, double, bool or category.
    public let type: ValueType
    public let unit: Unit?
    /// The value where there is none, and of a derived feature also where its expression errs.
    public let defaultValue: Double
    public let source: Source
    /// Canonical text of everything its value depends on.
    public let meaning: String
}

/// The expression of a derived feature.
public struct Derivation: Sendable {
    public let expression: String
    /// Not nil: where this is false, the value is empty.
    public let condition: String?
    /// Not nil: the states it reads are those of the entities in this role.
    public let role: String?
    /// Slots of the facts it reads, among all facts of the definition set.
    let facts: [Int]
    /// Entities whose states it reads, also through other features.
    let entities: Set<EntityRole>
    /// Whether it reads nothing but the event at hand.
    public var isRequest: Bool { entities.isEmpty }
}

/// An entity of the event at hand: by its position in the definition set, and which one where an
/// event names several of the type.
public struct EntityRole: Hashable, Sendable, Comparable {
    public let entity: Int
    /// Nil is the first that the event names: the only one, the origin, or the first by name.
    public let role: String?

    public init(_ entity: Int, role: String? = nil) {
        self.entity = entity
        self.role = role
    }

    public static func < (a: EntityRole, b: EntityRole) -> Bool {
        (a.entity, a.role ?? "") < (b.entity, b.role ?? "")
    }
}

/// Something beside features that expressions may read, under its name.
public struct NamedFact: Sendable {
    public let declaration: FactDeclaration
    public let source: FactSource
    public let meaning: String

    public init(_ declaration: FactDeclaration, _ source: FactSource, meaning: String) {
        self.declaration = declaration
        self.source = source
        self.meaning = meaning
    }
}

/// Where the value of a fact comes from. Entities, registers and so on are positions.
public enum FactSource: Hashable, Sendable {
    /// The greatest read time of the states that an expression reads, or that of the event.
    case readTime
    case eventTime
    /// A field of the event at hand: its position in each event type, nil where it has none.
    case field([Int?])
    case feature(Int)
    case register(entity: Int, register: Int, RowColumn)
    /// The rows of a table, oldest first, and where the fields of a row come from.
    case table(entity: Int, table: Int, [RowColumn])
    /// The rows of a recent list, oldest first.
    case recent(entity: Int, list: Int, [RowColumn])
    /// How often each class occurred in a window that ends `lag` milliseconds ago. With `classes` a list by class that begins at 0,
    /// else a map or histogram of those that occurred.
    case counts(
        entity: Int, measure: Int, tier: Int, window: Int64, lag: Int64? = nil, classes: Int?)

    /// The entity whose state holds it; nil for what is of the event, and for features.
    public var entity: Int? {
        switch self {
        case .readTime, .eventTime, .field, .feature: nil
        case .register(let entity, _, _), .table(let entity, _, _), .recent(let entity, _, _),
            .counts(let entity, _, _, _, _, _):
            entity
        }
    }
}

/// What a field of a row is.
public enum RowColumn: Hashable, Sendable {
    case value(Int)
    /// A sum over all events of the row's key.
    case sum(Int)
    case time
    case key
}

/// One value of a vector.
public struct VectorColumn: Hashable, Sendable {
    /// The name it is published under.
    public let name: String
    /// Position in ``FeatureSet/features``.
    public let feature: Int
    /// What the value is divided by: 10^exponent for money in major units, else 1.
    public let divisor: Double
    /// In place of the feature's default, as it is published.
    public let defaultValue: Double?

    public init(name: String, feature: Int, divisor: Double = 1, defaultValue: Double? = nil) {
        self.name = name
        self.feature = feature
        self.divisor = divisor
        self.defaultValue = defaultValue
    }
}
