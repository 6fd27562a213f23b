internal import AssayMessages
internal import FeatureEngine
internal import Redis

/// Events that name earlier ones, which their servers did not find: those had left the shared store
/// for the keeper's disk.
extension SharedKeeper {
    /// The row with the events that it refers to, on the disk as well: so every replay has them. Nil
    /// if one of them was never recorded.
    func completed(
        _ row: AssayFeaturesV1.LogRow, _ log: KeptLog
    ) throws -> AssayFeaturesV1.LogRow? {
        let missing = pipeline.resolver.references(of: row.event).filter { wanted in
            !row.references.contains { $0.type == wanted.type && $0.id == wanted.id }
        }
        guard !missing.isEmpty else { return row }
        var found: [AssayFeaturesV1.LogRow] = []
        for wanted in missing {
            guard let row = try log.recorded(wanted.id), row.event.type == wanted.type else {
                return nil
            }
            found.append(row)
        }
        let row = try pipeline.completed(row, with: found)
        try log.complete(row, scoring(row)?.entities ?? [])
        return row
    }

    /// Puts an event aside that names none that was recorded; false if there is no room. Its id is
    /// free again: what it refers to may come yet, and then the event.
    func setAside(
        _ row: AssayFeaturesV1.LogRow, _ place: StreamPlace, _ log: KeptLog, _ keys: SharedKeys
    ) async throws -> Bool {
        let problems = pipeline.resolver.references(of: row.event).map {
            EventProblem(
                rule: EventProblem.Rule.reference, path: "/event/fields/\($0.field)",
                expected: "the id of a recorded event of type \($0.type)",
                found: "one that is not recorded", policy: .quarantine
            ).message
        }
        guard try log.setAside(row, place, problems) else { return false }
        try await endOpenness(
            ofAside: Array(Hash.sha256(row.event.id).prefix(16)), place, log, keys)
        return true
    }

    /// What is left to do for an event that was put aside: also after an end in between.
    func endOpenness(
        ofAside id: [UInt8], _ place: StreamPlace, _ log: KeptLog, _ keys: SharedKeys
    ) async throws {
        _ = try await send(RedisCommand("DEL", key: keys.claim(id), keys.served(id)))
        _ = try await send(RedisCommand("ZREM", key: keys.open(place.partition), place.id))
        try log.forgetAside(place)
    }
}
