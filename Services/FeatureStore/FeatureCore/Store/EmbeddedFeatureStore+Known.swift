package import AssayMessages
internal import RPC
internal import Storage
internal import Synchronization
internal import Wire

extension EmbeddedFeatureStore {
    package func known(_ scoring: Scoring) async throws -> AssayFeaturesV1.ScoreEventResponse? {
        let id = StorageKey.event(scoring.event.id, tenant: scoring.tenant)
        try inFlight.claim(id)
        defer { inFlight.release(id) }
        return try known(id, scoring.resolved.key.digest(of: scoring.event.encoded()), scoring)
    }

    /// The stored reply if the id is known with the same content; nil if the id is new.
    ///
    /// Throws ALREADY_EXISTS with the fields that differ if the content is another.
    func known(
        _ id: [UInt8], _ digest: [UInt8], _ scoring: Scoring
    ) throws -> AssayFeaturesV1.ScoreEventResponse? {
        guard let claim = try stored(id, in: .ids) else { return nil }
        guard claim.count == 8 + digest.count, let sequence = StorageKey.sequence(claim.prefix(8))
        else { throw RPCError(.dataLoss, "the row of this event's id is damaged") }
        guard retention.keepsEvent(sequence) else { return nil }
        guard claim.dropFirst(8).elementsEqual(digest) else {
            statistics.conflicts.add(1, ordering: .relaxed)
            throw pipeline.conflict(scoring.event, with: try? log.row(sequence)?.event)
        }
        statistics.duplicates.add(1, ordering: .relaxed)
        guard !scoring.vectors.isEmpty, retention.keepsReply(sequence),
            let bytes = try stored(StorageKey.log(sequence), in: .served)
        else {
            return pipeline.duplicate(scoring, sequence: sequence, durability: durability)
        }
        var reply: AssayFeaturesV1.ScoreEventResponse
        do {
            reply = try AssayFeaturesV1.ScoreEventResponse(
                decoding: bytes, door: .strict, limits: .stored)
        } catch {
            throw RPCError(code: .dataLoss, message: "the stored reply is damaged", cause: error)
        }
        reply.receipt.outcome = .duplicate
        return reply
    }

    package func recorded(_ id: String, tenant: String) async throws -> AssayFeaturesV1.LogRow? {
        let key = StorageKey.event(id, tenant: tenant)
        // First those on their way: one that has arrived is found in the store. Should one not
        // arrive, neither does what refers to it, which comes behind it.
        if let event = inFlight.submitted(key) {
            return event.scoring.pipeline.logRow(
                event.scoring, sequence: event.sequence, versions: [], vectors: [])
        }
        guard let claim = try stored(key, in: .ids),
            let sequence = StorageKey.sequence(claim.prefix(8)), retention.keepsEvent(sequence)
        else { return nil }
        return try log.row(sequence)
    }

    private func stored(_ key: [UInt8], in family: Family) throws(RPCError) -> [UInt8]? {
        do {
            return try store.get(key, in: family)
        } catch {
            throw RPCError(
                code: .unavailable, message: "the store cannot be read", reason: "STORE_DOWN",
                cause: error)
        }
    }
}
