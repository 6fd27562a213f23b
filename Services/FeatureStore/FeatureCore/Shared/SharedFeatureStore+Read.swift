internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Redis
internal import Storage
package import Wire

extension SharedFeatureStore {
    package func readings(
        of entities: [EntityReference], under pipeline: EventPipeline, at time: Int64,
        now: Timestamp
    ) async -> [EntityReading] {
        let blobs: [BlobReply]
        do {
            // States of another generation would look like none.
            if let tenant = entities.first?.tenant { try await admit(tenant) }
            blobs = try await redis.send(
                entities.map(states.read), timeout: configuration.roundTrip
            ).map { BlobReply($0) }
        } catch {
            return entities.map { pipeline.unavailable($0, at: time) }
        }
        return zip(entities, blobs).map { entity, blob in
            reading(remembered(entity, blob), at: time)
        }
    }

    /// The state of a blob; one that had to be decoded need not be a second time.
    func remembered(_ entity: EntityReference, _ reply: BlobReply) -> LoadedState {
        let loaded = states.load(entity, reply)
        if let state = loaded.state, !loaded.blob.isEmpty {
            states.decoded.put(entity.key, state, blob: loaded.blob)
        }
        return loaded
    }

    func reading(_ loaded: LoadedState, for scoring: Scoring) -> EntityReading {
        reading(loaded, at: scoring.resolved.time)
    }

    /// The features of one entity. A relaxed one may lack the events of the last moments; of one
    /// whose blob is damaged nothing is said.
    private func reading(_ loaded: LoadedState, at time: Int64) -> EntityReading {
        guard let state = loaded.state else {
            return pipeline.unavailable(loaded.entity, at: time)
        }
        let reading = pipeline.reading(loaded.entity, state, at: time)
        return states.isRelaxed(loaded.entity) ? reading.flagged(.eventual) : reading
    }

    /// The entities of an event that could not be recorded: others could not be either, so what the
    /// blobs say may lack them.
    func incomplete(_ scoring: Scoring, _ blobs: [BlobReply]) -> [EntityReading] {
        guard !scoring.vectors.isEmpty else { return [] }
        return zip(scoring.entities, blobs).map { entity, blob in
            reading(remembered(entity, blob), for: scoring).flagged(.incomplete)
        }
    }

    /// Puts the event into the log, sealed under its tenant's key, from where the keeper puts it
    /// aside. False if the keeper has no room for more.
    package func setAside(_ scoring: Scoring) async throws -> Bool {
        let keys = SharedKeys(tenant: scoring.tenant)
        let row = AssayFeaturesV1.QuarantineRow(
            tenant: scoring.tenant, event: scoring.event, received: scoring.received,
            problems: scoring.resolved.problems.map(\.message))
        do {
            let id = Array(Hash.sha256(scoring.event.id).prefix(16))
            let sealed = try pipeline.keys.key(of: scoring.tenant).seal(
                row.encoded(), context: id)
            try await admit(scoring.tenant)
            let full = try await redis.send(
                RedisCommand("EXISTS", key: keys.quarantineFull), timeout: configuration.roundTrip)
            if full == .integer(1) { return false }
            let reply = try await redis.send(
                RedisCommand(
                    "XADD", key: keys.rows(SharedKeys.partition(id)), Array("*".utf8),
                    [StreamEntry.quarantined], id + sealed), timeout: configuration.roundTrip)
            if let error = reply.error { throw StorageError(.full, error.description) }
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.io, "\(error)")
        }
        return true
    }
}
