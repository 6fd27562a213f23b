package import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
package import Wire

/// The keeper as callers see it: it answers from its disk what no server of a shared store can, about
/// all events, those put aside and whom they are about. What it records goes the way of any server.
public final class KeeperFeatureStore: FeatureStore {
    private let shared: SharedFeatureStore
    private let keeper: SharedKeeper

    /// - Parameter shared: over the store that the keeper keeps, with the same definitions and key.
    public init(_ keeper: SharedKeeper, recordingThrough shared: SharedFeatureStore) {
        self.keeper = keeper
        self.shared = shared
    }

    /// The keeper's in the upper half, those that the servers know in the lower.
    package var erasures: UInt64 {
        keeper.erasuresSeen.load(ordering: .sequentiallyConsistent) << 32 | shared.erasures
    }
    package var pipeline: EventPipeline { shared.pipeline }
    public var statistics: StoreStatistics { shared.statistics }

    package func begin(_ scoring: Scoring) async throws -> Recording {
        guard let before = scoring.erasures else { return try await shared.begin(scoring) }
        guard !keeper.isErasing.load(ordering: .sequentiallyConsistent), before == erasures else {
            throw RPCError.subjectErased
        }
        var scoring = scoring
        scoring.erasures = before & UInt64(UInt32.max)
        return try await shared.begin(scoring)
    }

    package func readings(
        of entities: [EntityReference], under pipeline: EventPipeline, at time: Int64,
        now: Timestamp
    ) async -> [EntityReading] {
        await shared.readings(of: entities, under: pipeline, at: time, now: now)
    }

    package func known(
        _ scoring: Scoring
    ) async throws -> AssayFeaturesV1.ScoreEventResponse? {
        try await shared.known(scoring)
    }

    package func setAside(_ scoring: Scoring) async throws -> Bool {
        try await shared.setAside(scoring)
    }

    package func recorded(
        _ id: String, tenant: String
    ) async throws -> AssayFeaturesV1.LogRow? {
        if let row = try keeper.log(of: tenant)?.recorded(id) { return row }
        return try await shared.recorded(id, tenant: tenant)
    }

    // MARK: What is on the disk

    package func eventLog(of tenant: String) throws -> EventLog? {
        try keeper.keptLog(of: tenant).eventLog
    }

    package func quarantine(of tenant: String) throws -> Quarantine? {
        try keeper.keptLog(of: tenant).quarantine
    }

    package func servedStatistics(of tenant: String) throws -> StatisticsStore? {
        try keeper.keptLog(of: tenant).servedByHour
    }

    package func erase(_ order: ErasureOrder) async throws -> [UInt8] {
        try await keeper.erase(order)
    }

    package func hold(_ order: ErasureOrder) async throws { try keeper.hold(order) }

    package func released(
        _ id: String, tenant: String, audit: AssayFeaturesV1.AuditEntry
    ) async throws {
        let log = try keeper.keptLog(of: tenant)
        var batch = WriteBatch()
        try log.quarantine.remove(id, tenant: tenant, from: &batch)
        guard !batch.isEmpty else { return }
        AuditLog(store: log.store).add(audit, tenant: tenant, to: &batch)
        try log.store.write(batch, sync: true)
    }
}
