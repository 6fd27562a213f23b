/// Checked and compiled definitions: immutable, and named by the hash of their meaning.
public struct DefinitionSet: Sendable {
    /// SHA-256 of the canonical form.
    public let hash: [UInt8]
    public let baseCurrency: String
    /// Minor units of the base currency in a major one, as a power of ten.
    public let currencyExponent: Int
    public let reference: ReferenceData
    public let enumerations: [EnumerationDefinition]
    public let entities: [EntityDefinition]
    public let events: [EventDefinition]
    /// Filters, checks and computed fields, of each event type.
    public let expressions: [EventExpressions]
    public let features: FeatureSet
    public let vectors: [VectorDefinition]
    /// By the full name of a feature, or of counts by class.
    public let documentation: [String: Documentation]

    public func event(named name: String) -> Int? { events.firstIndex { $0.name == name } }
    public func entity(named name: String) -> Int? { entities.firstIndex { $0.name == name } }

    public func vector(named name: String, version: UInt32) -> Int? {
        vectors.firstIndex { $0.version == version && $0.name == name }
    }

    /// Reads these vectors together; compiled anew, so keep it.
    public func plan(_ vectors: [Int]) -> VectorPlan {
        plan(vectors.map { self.vectors[$0].columns })
    }

    /// Reads features together, by their positions.
    public func plan(features: [Int]) -> VectorPlan {
        plan([
            features.map { VectorColumn(name: self.features.features[$0].name, feature: $0) }
        ])
    }

    private func plan(_ columns: [[VectorColumn]]) -> VectorPlan {
        VectorPlan(
            columns, of: features, groups: entities.map(\.group),
            touches: events.map { event in
                event.touches.map { EntityRole($0.entity, role: $0.role) }
            })
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
