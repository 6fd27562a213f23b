package import AssayMessages
internal import RPC
internal import Redis
internal import Wire

extension SharedFeatureStore {
    package func known(_ scoring: Scoring) async throws -> AssayFeaturesV1.ScoreEventResponse? {
        let event = sharedEvent(scoring)
        let reply: RedisValue
        do {
            reply = try await redis.send(
                RedisCommand("GET", key: event.keys.claim(event.id)),
                timeout: configuration.roundTrip)
        } catch {
            throw Self.unavailable(error)
        }
        guard case .bytes(let bytes) = reply,
            let (place, digest) = SharedClaim.row(bytes, partition: event.partition)
        else { return nil }
        return try await known(event, place, digest)
    }

    /// What to say to an id that was used before: the stored reply if the content is the same.
    ///
    /// Throws ALREADY_EXISTS with the fields that differ if it is another, and ABORTED if the event
    /// is being recorded at this moment.
    func known(
        _ event: SharedEvent, _ place: StreamPlace, _ digest: [UInt8]
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        guard digest == event.digest else {
            statistics.conflicts.count()
            let row = try? await row(at: place, event.keys)
            throw pipeline.conflict(event.scoring.event, with: row?.event)
        }
        let replies: [RedisValue]
        do {
            replies = try await redis.send(
                [
                    RedisCommand("GET", key: event.keys.served(event.id)),
                    RedisCommand("ZSCORE", key: event.keys.open(place.partition), place.id),
                ], timeout: configuration.roundTrip)
        } catch {
            throw Self.unavailable(error)
        }
        if case .bytes(let bytes) = replies[0] { return try served(bytes) }
        if case .bytes = replies[1] {
            throw RPCError(
                code: .aborted, message: "an event with this id is being recorded",
                reason: "EVENT_IN_FLIGHT", retryAfter: .milliseconds(20))
        }
        statistics.duplicates.count()
        return pipeline.duplicate(
            event.scoring, sequence: place.sequence, durability: .memory)
    }

    private static func unavailable(_ error: any Error) -> RPCError {
        RPCError(
            code: .unavailable, message: "the shared store does not answer",
            reason: "STORE_DOWN", cause: error)
    }

    private func served(
        _ bytes: [UInt8]
    ) throws(RPCError) -> AssayFeaturesV1.ScoreEventResponse {
        var reply: AssayFeaturesV1.ScoreEventResponse
        do {
            reply = try AssayFeaturesV1.ScoreEventResponse(
                decoding: bytes, door: .strict, limits: .stored)
        } catch {
            throw RPCError(code: .dataLoss, message: "the stored reply is damaged", cause: error)
        }
        statistics.duplicates.count()
        reply.receipt.outcome = .duplicate
        return reply
    }

    /// The row of an id, as long as the keeper has not taken its row from the shared store.
    package func recorded(
        _ id: String, tenant: String
    ) async throws -> AssayFeaturesV1.LogRow? {
        let keys = SharedKeys(tenant: tenant)
        let id = Array(Hash.sha256(id).prefix(16))
        let partition = SharedKeys.partition(id)
        let reply: RedisValue
        do {
            reply = try await redis.send(
                RedisCommand("GET", key: keys.claim(id)), timeout: configuration.roundTrip)
        } catch {
            throw Self.unavailable(error)
        }
        guard case .bytes(let bytes) = reply,
            let (place, _) = SharedClaim.row(bytes, partition: partition)
        else { return nil }
        return try await row(at: place, keys)
    }

    private func row(
        at place: StreamPlace, _ keys: SharedKeys
    ) async throws -> AssayFeaturesV1.LogRow? {
        let key = keys.rows(place.partition)
        let reply = try await redis.send(
            RedisCommand("XRANGE", key: key, place.id, place.id), timeout: configuration.roundTrip)
        guard let entry = reply.elements?.first.flatMap({ StreamEntry($0) }),
            entry.kind == StreamEntry.event
        else { return nil }
        var row = try AssayFeaturesV1.LogRow(
            decoding: entry.bytes, door: .strict, limits: .stored)
        try await subjects.open(&row, personal)
        return row
    }
}
