internal import FeatureEngine
internal import Redis

/// Reads and writes the states of entities in the shared store.
struct SharedStates: Sendable {
    static let maximumAttempts = 8

    let definitions: DefinitionSet
    let decoded: DecodedStates
    /// Of each entity type, as they stand in keys.
    private let names: [[UInt8]]
    private let generation: [UInt8]
    /// Seconds that an untouched state of each entity type is kept (R16), as a command has them; '0' for
    /// ever.
    private let keepSeconds: [[UInt8]]

    init(_ definitions: DefinitionSet, cacheBytes: Int) {
        self.definitions = definitions
        decoded = DecodedStates(maximumBytes: cacheBytes)
        names = definitions.entities.map { Array(SharedKeys.escaped($0.name).utf8) }
        generation = SharedKeys.shortGeneration(definitions.generation)
        keepSeconds = definitions.lives.map { life in
            Array("\(life.keep.map { $0 / 1_000 + 1 } ?? 0)".utf8)
        }
    }

    func key(_ entity: EntityReference) -> [UInt8] {
        SharedKeys(tenant: entity.tenant).state(
            names[entity.entity], entity.key, generation: generation)
    }

    /// The key of an entity that a record names.
    func key(_ entity: String, _ key: StateKey, tenant: String) -> [UInt8] {
        SharedKeys(tenant: tenant).state(
            Array(SharedKeys.escaped(entity).utf8), key, generation: generation)
    }

    /// Brought up after the reply, many events at a time.
    func isRelaxed(_ entity: EntityReference) -> Bool {
        definitions.entities[entity.entity].isRelaxed
    }

    // MARK: Reading

    /// Asks for a state with its blob.
    func read(_ entity: EntityReference) -> RedisCommand {
        RedisCommand("HMGET", key: key(entity), StateField.token, StateField.blob)
    }

    /// Asks for a state; if it is decoded here, only whether it still is what stands there.
    func look(_ entity: EntityReference) -> RedisCommand {
        decoded.has(entity.key)
            ? RedisCommand("HGET", key: key(entity), StateField.token) : read(entity)
    }

    /// Asks for a state that is to be written. Nil if it was written here last: then its write finds out
    /// whether somebody else has written since, and gets what stands there, at the cost that asking for
    /// its blob would have had. After that it is looked at once more before it is trusted.
    func lookToWrite(_ entity: EntityReference) -> RedisCommand? {
        decoded.hasOwn(entity.key) ? nil : look(entity)
    }

    /// The states that replies to `look` tell of. A blob that is needed after all is asked for now;
    /// if that fails, nothing is said of its entity.
    ///
    /// - Parameter isChanged: whether the caller changes a state: it leaves the memory of decoded
    ///   states then.
    func load(
        _ entities: [EntityReference], _ replies: [BlobReply],
        _ redis: any RedisSender, timeout: Duration,
        isChanged: (EntityReference) -> Bool = { _ in false }
    ) async -> [LoadedState] {
        var loaded: [LoadedState] = []
        loaded.reserveCapacity(entities.count)
        var unknown: [Int] = []
        for (index, reply) in zip(entities.indices, replies) {
            let entity = entities[index]
            if let state = load(entity, reply, isChanged: isChanged(entity)) {
                loaded.append(state)
            } else {
                unknown.append(index)
                loaded.append(LoadedState(entity: entity))
            }
        }
        guard !unknown.isEmpty,
            let replies = try? await redis.send(
                unknown.map { read(entities[$0]) }, timeout: timeout)
        else { return loaded }
        for (index, reply) in zip(unknown, replies) {
            let entity = entities[index]
            if let state = load(entity, BlobReply(reply), isChanged: isChanged(entity)) {
                loaded[index] = state
            }
        }
        return loaded
    }

    /// States that are to be written and stay among the decoded ones. Those that were written here last
    /// are not asked for. Nil if the server does not answer.
    func load(
        toWrite entities: [EntityReference], _ redis: any RedisSender, timeout: Duration
    ) async -> [LoadedState]? {
        var loaded = entities.map { entity in
            decoded.findOwn(entity.key).map {
                LoadedState(
                    entity: entity, token: $0.token.bytes, state: $0.state, isConfirmed: false)
            }
        }
        let unknown = entities.indices.filter { loaded[$0] == nil }
        if !unknown.isEmpty {
            let asked = unknown.map { entities[$0] }
            guard let replies = try? await redis.send(asked.map(look), timeout: timeout) else {
                return nil
            }
            let found = await load(asked, replies.map { BlobReply($0) }, redis, timeout: timeout)
            for (index, found) in zip(unknown, found) { loaded[index] = found }
        }
        return loaded.compactMap { $0 }
    }

    /// The state that a reply tells of; nil if that takes its blob, which the reply has not.
    func load(
        _ entity: EntityReference, _ reply: BlobReply, isChanged: Bool = false
    ) -> LoadedState? {
        switch reply {
        case .unasked:
            guard isChanged, var known = known(entity, [], true) else { return nil }
            known.isConfirmed = false
            return known
        case .missing:
            return known(entity, [], isChanged)
                ?? LoadedState(entity: entity, state: empty(entity))
        case .refused: return LoadedState(entity: entity)
        case .token(let token): return known(entity, token, isChanged)
        case .blob(let blob, let token):
            if let known = known(entity, token, isChanged) { return known }
            let state = decode(blob, token, entity)
            if let state, !isChanged { decoded.put(entity.key, state, token, isOwn: false) }
            return LoadedState(entity: entity, token: token, blob: blob, state: state)
        }
    }

    private func known(
        _ entity: EntityReference, _ read: [UInt8], _ isChanged: Bool
    ) -> LoadedState? {
        let token = BlobToken(read)
        if isChanged {
            return decoded.take(entity.key, atLeast: token).map {
                LoadedState(entity: entity, token: $0.token.bytes, state: $0.state)
            }
        }
        return token.flatMap { decoded.find(entity.key, $0) }.map {
            LoadedState(entity: entity, token: read, state: $0)
        }
    }

    /// Nil if the blob is damaged.
    private func decode(
        _ blob: [UInt8], _ token: [UInt8], _ entity: EntityReference
    ) -> FeatureState? {
        guard BlobToken.bytes(of: blob) == token else { return nil }
        let empty = empty(entity)
        return try? FeatureState(decoding: blob, group: empty.group, groupHash: empty.groupHash)
    }

    func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: definitions.groupHash(ofEntity: entity.entity, tenant: entity.tenant))
    }

    // MARK: Writing

    /// The write of a state that has these events, and was loaded without them.
    func write(
        _ loaded: LoadedState, _ after: FeatureState, made: [MadeVersion]
    ) -> BlobWrite {
        let blob = after.encode()
        return BlobWrite(
            entity: loaded.entity, key: key(loaded.entity), before: loaded.token, after: after,
            blob: blob, token: BlobToken.bytes(of: blob),
            keepSeconds: keepSeconds[loaded.entity.entity], made: made,
            isOwn: loaded.blob.isEmpty)
    }

    /// Remembers what was written, so that the next event need not decode it.
    func written(_ write: BlobWrite) {
        decoded.put(write.entity.key, write.after, write.token, isOwn: write.isOwn)
    }
}
