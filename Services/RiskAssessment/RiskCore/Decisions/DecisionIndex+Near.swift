internal import AssayMessages
internal import Storage
internal import Wire

extension DecisionIndex {
    /// Hexadecimal digits that a near id begins with.
    private static let nearDigits = 8
    private static let maximumNear = 3

    /// Decisions of the tenant whose ids begin as this one does: somebody may have cut or mistyped
    /// the rest of it.
    func near(_ id: UniqueID, of tenant: String) throws -> [UniqueID] {
        let beginning = Array(tenant.utf8) + [0] + Array(id.bytes.prefix(Self.nearDigits / 2))
        return try store.rows(Self.decisions, .prefix(beginning), limit: Self.maximumNear)
            .compactMap { UniqueID(bytes: $0.key.suffix(16)) }
    }

    /// The request of a recorded decision, as it came; nil once it was erased, or its id taken by
    /// a later one.
    static func request(
        of record: AssayRiskV1.DecisionRecord, in store: any KeyValueStore
    ) throws -> [UInt8]? {
        let request = Request(
            tenant: record.tenant, kind: record.kind, id: record.requestID, bytes: [])
        guard let value = try store.get(request.key, in: requests), value.count >= 56,
            UniqueID(bytes: value[40..<56]) == record.decisionID
        else { return nil }
        return Array(value[56...])
    }

    /// A tenant's record, with what its place says; nil if the tenant has no such decision.
    func record(
        _ id: UniqueID, of tenant: String
    ) throws -> (record: AssayRiskV1.DecisionRecord, position: AssayRiskV1.LogPosition)? {
        let key = Array(tenant.utf8) + [0] + id.bytes
        guard let sequence = try store.get(key, in: Self.decisions) else { return nil }
        guard let bytes = try store.get(sequence, in: DecisionLog.records) else {
            throw StorageError(.corrupt, "the record of decision \(id) is missing")
        }
        let sealed = try SealedRecord.verify(bytes)
        let record: AssayRiskV1.DecisionRecord = try sealed.open()
        guard record.decisionID == id, record.tenant == tenant else {
            throw StorageError(.corrupt, "the record of decision \(id) is another's")
        }
        let position = AssayRiskV1.LogPosition(
            chain: record.chain, sequence: record.sequence, digest: sealed.digest.bytes)
        return (record, position)
    }
}
