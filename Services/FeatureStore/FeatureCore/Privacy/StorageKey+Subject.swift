internal import Storage

extension Family {
    /// Tenant, subject → its wrapped key; tenant, subject, entity type, entity → nothing.
    static let subject: Family = "subject"
    /// Tenant, kind, key → what was erased, what is on hold.
    static let erasure: Family = "erasure"
    /// Tenant, time → who did what, without values.
    static let audit: Family = "audit"
}

extension StorageKey {
    static func subject(_ subject: StateKey, tenant: String) -> [UInt8] {
        text(tenant) + subject.bytes
    }

    static func subject(
        _ subject: StateKey, tenant: String, type: String, entity: StateKey
    ) -> [UInt8] {
        inOnePiece(tenant.utf8.count + type.utf8.count + 34) { bytes in
            append(tenant, to: &bytes)
            append(subject, to: &bytes)
            append(type, to: &bytes)
            append(entity, to: &bytes)
        }
    }

    /// The proof of an erasure, by its request.
    static func proof(_ request: String, tenant: String) -> [UInt8] {
        text(tenant) + [0] + Hash.sha256(request).prefix(16)
    }

    /// A legal hold on a subject.
    static func hold(_ subject: StateKey, tenant: String) -> [UInt8] {
        text(tenant) + [1] + subject.bytes
    }

    /// The text behind its length, so that no key is the beginning of another's.
    private static func text(_ text: String) -> [UInt8] {
        [UInt8(clamping: text.utf8.count)] + text.utf8
    }
}
