/// What a field of an event holds.
public enum FieldType: String, Hashable, Sendable, CaseIterable {
    case string, int, money, double, bool, timestamp, date, place

    /// Whether the engine sees it as a whole number.
    var isInteger: Bool { self == .int || self == .money || self == .bool || self == .timestamp }
}

public struct FieldDefinition: Hashable, Sendable {
    public let name: String
    public let type: FieldType
    public let minimum: Int64?
    public let maximum: Int64?
    public let maximumLength: Int?
    public let isRequired: Bool
}

public struct EntityDefinition: Sendable {
    public let name: String
    public let short: String
    public let key: String
    public let group: Group
    /// Canonical text of what the group means; its hash, with the tenant, binds the states.
    public let meaning: String
    /// Reads all aggregates of the entity, in the order of `features`.
    public let plan: ReadPlan
    public let features: [AggregateFeature]
}

/// One aggregate of an entity, under its full name.
public struct AggregateFeature: Hashable, Sendable {
    public let name: String
    public let read: AggregateRead
    public let type: FeatureType
    public let meaning: String
    public let description: String
}

/// Which entity an event touches in which role, and the field with its key.
public struct Touch: Hashable, Sendable {
    /// Position in ``DefinitionSet/entities``.
    public let entity: Int
    public let role: String
    /// Position in ``EventDefinition/fields``.
    public let field: Int
}

public struct EventDefinition: Sendable {
    public let name: String
    /// Milliseconds.
    public let maximumLateness: Int64
    public let fields: [FieldDefinition]
    public let touches: [Touch]
    private let positions: [String: Int]

    init(name: String, maximumLateness: Int64, fields: [FieldDefinition], touches: [Touch]) {
        self.name = name
        self.maximumLateness = maximumLateness
        self.fields = fields
        self.touches = touches
        positions = Dictionary(
            uniqueKeysWithValues: fields.enumerated().map { ($0.element.name, $0.offset) })
    }

    public func position(ofField name: String) -> Int? { positions[name] }
}

public enum FeatureType: String, Hashable, Sendable {
    case int, money, double, bool
}

/// One value of a vector.
public struct VectorColumn: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// A feature of the entity's plan, both by position.
        case aggregate(entity: Int, feature: Int)
        /// A field of the event at hand: its position in each event type, nil where it is missing.
        case field(name: String, positions: [Int?])
    }

    /// The name it is published under.
    public let name: String
    public let type: FeatureType
    public let source: Source
    /// The value where the event names no such entity or field.
    public let defaultValue: Double
    /// What the value is divided by: 10^exponent for money in major units, else 1.
    public let divisor: Double
}

public struct VectorDefinition: Sendable {
    public let name: String
    public let version: UInt32
    public let purpose: String
    public let columns: [VectorColumn]
    /// SHA-256 of everything its values depend on.
    public let fingerprint: [UInt8]
    /// Positions of the entities it reads.
    public let entities: [Int]
}

/// Checked and compiled definitions: immutable, and named by the hash of their meaning.
public struct DefinitionSet: Sendable {
    /// SHA-256 of the canonical form.
    public let hash: [UInt8]
    public let baseCurrency: String
    /// Minor units of the base currency in a major one, as a power of ten.
    public let currencyExponent: Int
    public let entities: [EntityDefinition]
    public let events: [EventDefinition]
    public let vectors: [VectorDefinition]

    public func event(named name: String) -> Int? { events.firstIndex { $0.name == name } }
    public func entity(named name: String) -> Int? { entities.firstIndex { $0.name == name } }

    public func vector(named name: String, version: UInt32) -> Int? {
        vectors.firstIndex { $0.version == version && $0.name == name }
    }

    /// The first 8 bytes of SHA-256 over tenant and meaning, as the blobs of this group carry it.
    public func groupHash(ofEntity position: Int, tenant: String) -> UInt64 {
        let digest = Digest.sha256("\(tenant)\u{0}\(entities[position].meaning)")
        return digest.prefix(8).enumerated().reduce(0) {
            $0 | UInt64($1.element) << (8 * UInt64($1.offset))
        }
    }

    /// The first 8 bytes of SHA-256 over the meaning of all groups: states of another generation
    /// are of no use.
    public var generation: [UInt8] {
        Array(Digest.sha256(entities.map(\.meaning).joined(separator: "\u{0}")).prefix(8))
    }
}
