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
    public let purpose: Purpose
    public let onUnavailable: VectorDeclaration.Unavailable
    public let columns: [VectorColumn]
    /// SHA-256 of everything its values depend on.
    public let fingerprint: [UInt8]
    /// Positions of the entities it reads.
    public let entities: [Int]
}
