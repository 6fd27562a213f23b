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
        let replies: [RedisValue]
        do {
            // States of another generation would look like none.
            if let tenant = entities.first?.tenant { try await admit(tenant) }
            replies = try await redis.send(
                entities.map(states.look), timeout: configuration.roundTrip)
        } catch {
            return entities.map { pipeline.unavailable($0, at: time) }
        }
        let loaded = await load(entities, replies.map { BlobReply($0) })
        let flags = await doubt(entities.first?.tenant)
        return loaded.map { reading($0, at: time, flags) }
    }

    /// What is said of all that was read of a tenant just now.
    func doubt(_ tenant: String?) async -> Status.Flags {
        guard let tenant, await losses.isDoubted(tenant) else { return [] }
        activity.doubted.count()
        return .incomplete
    }

    /// The states that replies to `look` tell of, for reading only: what was not asked is asked now.
    func load(
        _ entities: [EntityReference], _ replies: [BlobReply]
    ) async -> [LoadedState] {
        await states.load(entities, replies, redis, timeout: configuration.roundTrip)
    }

    func reading(
        _ loaded: LoadedState, for scoring: Scoring, _ flags: Status.Flags
    ) -> EntityReading {
        reading(loaded, at: scoring.resolved.time, flags)
    }

    /// The features of one entity. A relaxed one may lack the events of the last moments; of one
    /// whose blob is damaged nothing is said.
    private func reading(
        _ loaded: LoadedState, at time: Int64, _ flags: Status.Flags
    ) -> EntityReading {
        guard let state = loaded.state else {
            return pipeline.unavailable(loaded.entity, at: time)
        }
        let reading = pipeline.reading(loaded.entity, state, at: time)
        let all = states.isRelaxed(loaded.entity) ? flags.union(.eventual) : flags
        return all.isEmpty ? reading : reading.flagged(all)
    }

    /// The entities of an event that could not be recorded: others could not be either, so what the
    /// blobs say may lack them.
    func incomplete(_ scoring: Scoring, _ replies: [BlobReply]) async -> [EntityReading] {
        guard !scoring.vectors.isEmpty else { return [] }
        return await load(scoring.entities, replies).map {
            reading($0, for: scoring, .incomplete)
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
