internal import Storage

/// Where a row of the quarantine stands.
///
/// `tenant, 0, event id → received` finds it by its id; `tenant, 1, received, event id → row` keeps
/// a tenant's rows in the order in which they came.
struct QuarantineKey: Hashable {
    let tenant: String
    /// Milliseconds since 1970, not negative.
    let received: Int64
    /// 16 bytes of SHA-256 of the event's id.
    let idHash: [UInt8]

    init(tenant: String, received: Int64, idHash: [UInt8]) {
        self.tenant = tenant
        self.received = max(0, received)
        self.idHash = idHash
    }

    init(tenant: String, received: Int64, eventID: String) {
        self.init(tenant: tenant, received: received, idHash: Self.hash(eventID))
    }

    /// Nil unless it is the key of a row of the tenant.
    init?(_ key: [UInt8], tenant: String) {
        let prefix = Self.prefix(tenant) + [1]
        guard key.starts(with: prefix) else { return nil }
        self.init(suffix: key.dropFirst(prefix.count), tenant: tenant)
    }

    /// Time and id hash, as a page's token holds them.
    init?(suffix: some Collection<UInt8>, tenant: String) {
        guard suffix.count == 24, let time = StorageKey.sequence(suffix.prefix(8)),
            let received = Int64(exactly: time)
        else { return nil }
        self.init(tenant: tenant, received: received, idHash: Array(suffix.dropFirst(8)))
    }

    var suffix: [UInt8] { StorageKey.bigEndian(UInt64(received)) + idHash }
    var bytes: [UInt8] { Self.prefix(tenant) + [1] + suffix }
    var place: [UInt8] { Self.prefix(tenant) + [0] + idHash }

    static func place(of eventID: String, tenant: String) -> [UInt8] {
        prefix(tenant) + [0] + hash(eventID)
    }

    static func places(of tenant: String) -> KeyRange { .prefix(prefix(tenant) + [0]) }
    static func rows(of tenant: String) -> KeyRange { .prefix(prefix(tenant) + [1]) }
    static func all(of tenant: String) -> KeyRange { .prefix(prefix(tenant)) }

    /// The tenant that a key of the family begins with.
    static func tenant(of key: [UInt8]) -> String? {
        guard let count = key.first, key.count > Int(count) else { return nil }
        return String(validating: key[1...Int(count)], as: UTF8.self)
    }

    private static func prefix(_ tenant: String) -> [UInt8] {
        [UInt8(clamping: tenant.utf8.count)] + tenant.utf8
    }

    private static func hash(_ eventID: String) -> [UInt8] {
        Array(Hash.sha256(eventID).prefix(16))
    }
}
