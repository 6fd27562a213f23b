internal import AssayMessages
internal import RPC
internal import Storage
internal import Wire

extension EmbeddedFeatureStore {
    /// The stored reply if the id is known with the same content; nil if the id is new.
    ///
    /// Throws ALREADY_EXISTS with the fields that differ if the content is another.
    func known(
        _ id: [UInt8], _ digest: [UInt8], _ scoring: Scoring
    ) throws -> AssayFeaturesV1.ScoreEventResponse? {
        guard let claim = try stored(id, in: .ids) else { return nil }
        guard claim.count == 8 + digest.count, let sequence = StorageKey.sequence(claim.prefix(8))
        else { throw RPCError(.dataLoss, "the row of this event's id is damaged") }
        guard claim.dropFirst(8).elementsEqual(digest) else {
            statistics.conflicts.add(1, ordering: .relaxed)
            throw conflict(scoring.request.event, with: sequence)
        }
        statistics.duplicates.add(1, ordering: .relaxed)
        guard let bytes = try stored(StorageKey.log(sequence), in: .served) else {
            // The reply is no longer kept; vectors computed now could differ from those given.
            return response(
                scoring.withoutVectors, [], outcome: .duplicate, sequence: sequence)
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

    private func stored(_ key: [UInt8], in family: Family) throws(RPCError) -> [UInt8]? {
        do {
            return try store.get(key, in: family)
        } catch {
            throw RPCError(
                code: .unavailable, message: "the store cannot be read", reason: "STORE_DOWN",
                cause: error)
        }
    }

    private func conflict(_ event: AssayFeaturesV1.Event, with sequence: UInt64) -> RPCError {
        let row = try? log.row(sequence)
        let fields = row.map { differences(event, $0.event) } ?? []
        let names = fields.isEmpty ? "" : "; what differs: \(fields.joined(separator: ", "))"
        return RPCError(
            code: .alreadyExists,
            message: "event id \"\(event.id)\" was used with other content\(names)",
            reason: "EVENT_CONFLICT",
            details: [
                .badRequest(
                    fields.map {
                        FieldViolation(field: $0, description: "differs from the recorded event")
                    })
            ])
    }

    /// Paths of what is not equal, in the order of the schema and of the names.
    private func differences(
        _ a: AssayFeaturesV1.Event, _ b: AssayFeaturesV1.Event
    ) -> [String] {
        var paths: [String] = []
        if a.type != b.type { paths.append("/event/type") }
        if a.time != b.time { paths.append("/event/time") }
        let names = Set(a.fields.keys).union(b.fields.keys).sorted()
        for name in names where a.fields[name] != b.fields[name] {
            paths.append("/event/fields/\(name)")
        }
        return paths
    }
}

extension Scoring {
    var withoutVectors: Scoring {
        Scoring(
            request: request, tenant: tenant, vectors: [], event: event, entities: entities,
            received: received)
    }
}
