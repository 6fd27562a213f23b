internal import Synchronization

/// The keys of the tenants, each derived when it is first used.
final class TenantKeys: Sendable {
    private let master: MasterKey
    private let keys = Mutex<[String: TenantKey]>([:])

    init(_ master: MasterKey) { self.master = master }

    /// Pseudonyms and hashes that everybody can compute: for files that are replayed, and other
    /// places where nothing is hidden.
    static let withoutSecret = TenantKeys(MasterKey.zero)

    func key(of tenant: String) -> TenantKey {
        keys.withLock { keys in
            if let known = keys[tenant] { return known }
            let key = TenantKey(master, tenant: tenant)
            keys[tenant] = key
            return key
        }
    }
}
