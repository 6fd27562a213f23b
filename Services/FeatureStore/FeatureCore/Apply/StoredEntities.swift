internal import Storage

/// The stored entities of a generation, as a sample: pseudonyms are spread evenly, and nobody can
/// choose one, so the first of them are as good as any.
struct StoredEntities {
    let store: any KeyValueStore
    let generation: [UInt8]
    /// Per tenant and entity type.
    let limit: Int

    func keys(tenant: String, entity: String) throws -> [StateKey] {
        let prefix = StorageKey.states(of: generation, tenant: tenant, entity: entity)
        var keys: [StateKey] = []
        try store.scan(.state, .prefix(prefix), reversed: false) { key, _ in
            if let key = StateKey(bytes: key.dropFirst(prefix.count)) { keys.append(key) }
            return keys.count < limit
        }
        return keys
    }
}
