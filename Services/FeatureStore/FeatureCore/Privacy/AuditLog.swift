internal import AssayMessages
internal import Storage
internal import Wire

/// Who did what to people's data, and why; never a value.
struct AuditLog: Sendable {
    let store: any KeyValueStore

    /// Adds an entry to the batch that does what it tells of.
    func add(_ entry: AssayFeaturesV1.AuditEntry, tenant: String, to batch: inout WriteBatch) {
        let time = UInt64(max(0, entry.time.millisecondsSinceEpoch))
        let key =
            [UInt8(clamping: tenant.utf8.count)] + tenant.utf8 + StorageKey.bigEndian(time)
            + StorageKey.bigEndian(UInt64.random(in: 0 ... .max))
        batch.put(key, entry.encoded(), in: .audit)
    }

    /// A tenant's entries, the newest first.
    func entries(tenant: String, limit: Int) throws -> [AssayFeaturesV1.AuditEntry] {
        let prefix = [UInt8(clamping: tenant.utf8.count)] + tenant.utf8
        return try store.rows(.audit, .prefix(prefix), reversed: true, limit: limit).map {
            try AssayFeaturesV1.AuditEntry(decoding: $0.value, door: .strict, limits: .stored)
        }
    }
}
