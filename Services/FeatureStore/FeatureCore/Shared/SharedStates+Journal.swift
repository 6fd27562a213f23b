internal import FeatureEngine
internal import Redis

/// What became of an event on one entity.
enum Standing: Hashable {
    /// It was applied, and made this version.
    case made(UInt64)
    /// It was not applied as of the blob that was read before.
    case missing
    /// Somebody has finished it meanwhile: nothing is to be done for it any more.
    case finished
}

/// The journal of an entity says which versions the events made whose applied records the keeper has
/// not taken yet: what the blob's ring of 64 sequences no longer says of events that are still open.
///
/// - A blob and the notes of what made it are one key, written in one step (`SharedScripts.write`).
/// - An event's applied record is written and its openness ended in one step (`.finish`).
/// - A note is removed by the keeper alone, when it has the applied record in hand: so after the event
///   has ceased to be open.
///
/// From this follows, whoever else works on the event at the same time, and without any clock: if,
/// after a blob was read, there is no note of an event, and *after that* the event is still open, then
/// that blob lacks the event. A compare-and-set on that blob may apply it.
///
/// The open events are elsewhere: the order of the questions is kept by waiting for each answer.
extension SharedStates {
    /// Asks what became of open events on an entity whose blob the caller has read before.
    func standings(
        of places: [StreamPlace], on entity: EntityReference, _ redis: any RedisSender,
        timeout: Duration
    ) async throws -> [Standing] {
        let notes = try await redis.send(
            RedisCommand(
                [Array("HMGET".utf8), key(entity)]
                    + places.map { StorageKey.bigEndian($0.sequence) }),
            timeout: timeout)
        if let error = notes.error { throw error }
        let versions = (notes.elements ?? []).map(Self.version)
        guard versions.count == places.count else { throw Self.strange("HMGET") }
        let open = try await open(places, SharedKeys(tenant: entity.tenant), redis, timeout)
        return zip(places, versions).map { place, version in
            if let version { return .made(version) }
            return open.contains(place) ? .missing : .finished
        }
    }

    /// Those of the events that nobody has finished.
    func open(
        _ places: [StreamPlace], _ keys: SharedKeys, _ redis: any RedisSender, _ timeout: Duration
    ) async throws -> Set<StreamPlace> {
        guard !places.isEmpty else { return [] }
        let groups = Dictionary(grouping: places, by: \.partition)
        let asked = groups.keys.sorted().map { (partition: $0, places: groups[$0] ?? []) }
        let replies = try await redis.send(
            asked.map { partition, places in
                RedisCommand(
                    [Array("ZMSCORE".utf8), keys.open(partition)] + places.map(\.id))
            }, timeout: timeout)
        var open: Set<StreamPlace> = []
        for ((_, places), reply) in zip(asked, replies) {
            if let error = reply.error { throw error }
            guard let scores = reply.elements, scores.count == places.count else {
                throw Self.strange("ZMSCORE")
            }
            for case (let place, .bytes) in zip(places, scores) { open.insert(place) }
        }
        return open
    }

    /// All notes of an entity's journal.
    func journal(
        of entity: EntityReference, _ redis: any RedisSender, timeout: Duration
    ) async throws -> [MadeVersion] {
        let reply = try await redis.send(
            RedisCommand("HGETALL", key: key(entity)), timeout: timeout)
        if let error = reply.error { throw error }
        let words = reply.elements ?? []
        return stride(from: 0, to: words.count - 1, by: 2).compactMap { index in
            // The token and the blob are not of this length.
            guard let sequence = Self.version(words[index]),
                let version = Self.version(words[index + 1])
            else { return nil }
            return MadeVersion(sequence: sequence, version: version)
        }
    }

    /// Removes notes of events whose applied records the keeper has in hand.
    ///
    /// - Parameter notes: sequences by the key of their entity.
    func forget(_ notes: [[UInt8]: Set<UInt64>]) -> [RedisCommand] {
        notes.map { key, sequences in
            RedisCommand([Array("HDEL".utf8), key] + sequences.map { StorageKey.bigEndian($0) })
        }
    }

    private static func version(_ value: RedisValue) -> UInt64? {
        guard case .bytes(let bytes) = value, bytes.count == 8 else { return nil }
        return StorageKey.sequence(bytes[...])
    }

    private static func strange(_ command: String) -> RedisServerError {
        RedisServerError("ERR not the reply to \(command)")
    }
}
