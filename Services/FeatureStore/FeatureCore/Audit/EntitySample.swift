internal import FeatureEngine
internal import Storage

/// A thousandth of all entities: a pseudonym is a hash, so each range of pseudonyms is a fair
/// sample, and one that is found without looking at the others.
struct EntitySample {
    static let slices: UInt64 = 1_000
    /// Keys read at once.
    static let batch = 32

    let number: UInt64

    /// The slice of this number, modulo their count.
    init(_ number: UInt64) { self.number = number % Self.slices }

    /// Of the upper half of a pseudonym; the last slice ends with the greatest.
    var range: (first: UInt64, end: UInt64?) {
        let width = UInt64.max / Self.slices
        return (number * width, number + 1 < Self.slices ? (number + 1) * width : nil)
    }

    func contains(_ key: StateKey) -> Bool {
        key.high >= range.first && range.end.map { key.high < $0 } ?? true
    }

    /// The tenants that have states, or other rows of a family whose keys start with the tenant.
    static func tenants(
        _ store: any KeyValueStore, in family: Family = .state
    ) throws -> [String] {
        var tenants: [String] = []
        var next = KeyRange.all
        while let row = try store.rows(family, next, limit: 1).first, let count = row.key.first {
            let prefix = Array(row.key.prefix(1 + Int(count)))
            if let tenant = String(validating: prefix.dropFirst(), as: UTF8.self) {
                tenants.append(tenant)
            }
            guard let after = KeyRange.prefix(prefix).upper else { break }
            next = KeyRange(from: after)
        }
        return tenants
    }

    /// The stored states of an entity type in this slice, above `last`: a batch of them.
    func entities(
        of entity: Int, _ definitions: DefinitionSet, tenant: String, after last: StateKey?,
        in store: any KeyValueStore
    ) throws -> [EntityReference] {
        let name = definitions.entities[entity].name
        func key(_ high: UInt64, _ low: UInt64) -> [UInt8] {
            StorageKey.state(
                StateKey(high: high, low: low), tenant: tenant,
                generation: definitions.generation, entity: name)
        }
        let (first, end) = range
        let lower = last.map { key($0.high, $0.low) + [0] } ?? key(first, 0)
        let upper = end.map { key($0, 0) } ?? key(.max, .max) + [0]
        return try store.rows(.state, KeyRange(from: lower, to: upper), limit: Self.batch)
            .compactMap { row in
                StateKey(bytes: row.key.suffix(16)).map {
                    EntityReference(
                        tenant: tenant, entity: entity, role: "", key: $0, touches: 0)
                }
            }
    }
}
