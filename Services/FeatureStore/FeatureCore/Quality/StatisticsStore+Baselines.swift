internal import AssayMessages
internal import Storage
internal import Wire

/// What a vector's values were like once: the measure of drift. One per tenant and vector.
struct PinnedBaseline: Sendable {
    let description: AssayFeaturesV1.Baseline
    let statistics: VectorStatistics
}

extension StatisticsStore {
    /// Before all rows of statistics: their keys begin with the length of a tenant, which is not 0.
    private static let mark: UInt8 = 0

    private static func key(_ tenant: String, _ vector: String) -> [UInt8] {
        [mark, UInt8(clamping: tenant.utf8.count)] + tenant.utf8 + vector.utf8
    }

    /// - Parameter entry: goes to the audit log with it.
    func pin(
        _ baseline: PinnedBaseline, of vector: Vector, tenant: String,
        _ entry: AssayFeaturesV1.AuditEntry
    ) throws {
        let row = AssayFeaturesV1.BaselineRow(
            baseline: baseline.description,
            features: zip(vector.features, baseline.statistics.features).map {
                $1.message(named: $0)
            })
        var batch = WriteBatch()
        batch.put(Self.key(tenant, vector.name), row.encoded(), in: Self.family)
        AuditLog(store: store).add(entry, tenant: tenant, to: &batch)
        try store.write(batch, sync: true)
    }

    /// Nil if none is pinned.
    func baseline(of vector: Vector, tenant: String) throws -> PinnedBaseline? {
        guard let bytes = try store.get(Self.key(tenant, vector.name), in: Self.family) else {
            return nil
        }
        do {
            let row = try AssayFeaturesV1.BaselineRow(
                decoding: bytes, door: .strict, limits: DecodeLimits(bytes: 64 << 20))
            return PinnedBaseline(
                description: row.baseline,
                statistics: VectorStatistics(
                    vectors: row.baseline.vectors, features: row.features.map(FeatureSketch.init)))
        } catch {
            throw StorageError(.corrupt, "a baseline: \(error)")
        }
    }

    /// The tenants and vectors that have one.
    func pinned() throws -> [(tenant: String, vector: String)] {
        var found: [(tenant: String, vector: String)] = []
        try store.scan(Self.family, .prefix([Self.mark]), reversed: false) { key, _ in
            guard key.count > 2 else { return true }
            let name = key.dropFirst(2)
            let tenant = name.prefix(Int(key[1]))
            found.append(
                (
                    String(decoding: tenant, as: UTF8.self),
                    String(decoding: name.dropFirst(tenant.count), as: UTF8.self)
                ))
            return true
        }
        return found
    }
}
