/// A vector, as calls name it: its values are those of its columns, in order.
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
