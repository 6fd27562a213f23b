internal import FeatureEngine
internal import Redis

/// Reads and writes the blobs of entities in the shared store.
struct SharedStates: Sendable {
    static let maximumAttempts = 8

    let definitions: DefinitionSet
    let decoded: DecodedStates
    private let generation: [UInt8]
    /// Seconds that an untouched blob of each entity type is kept (R16); nil for ever.
    private let keepSeconds: [Int64?]

    init(_ definitions: DefinitionSet, cacheBytes: Int) {
        self.definitions = definitions
        decoded = DecodedStates(maximumBytes: cacheBytes)
        generation = definitions.generation
        keepSeconds = definitions.lives.map { life in life.keep.map { $0 / 1_000 + 1 } }
    }

    func key(_ entity: EntityReference) -> [UInt8] {
        SharedKeys(tenant: entity.tenant).blob(
            definitions.entities[entity.entity].name, entity.key, generation: generation)
    }

    func journal(_ entity: EntityReference) -> [UInt8] {
        journal(definitions.entities[entity.entity].name, entity.key, tenant: entity.tenant)
    }

    func journal(_ entity: String, _ key: StateKey, tenant: String) -> [UInt8] {
        SharedKeys(tenant: tenant).journal(entity, key, generation: generation)
    }

    /// Brought up after the reply, many events at a time.
    func isRelaxed(_ entity: EntityReference) -> Bool {
        definitions.entities[entity.entity].isRelaxed
    }

    func read(_ entity: EntityReference) -> RedisCommand { RedisCommand("GET", key: key(entity)) }

    /// The state that a blob holds, for reading only.
    func load(_ entity: EntityReference, _ reply: BlobReply) -> LoadedState {
        load(entity, reply) { decoded.find(entity.key, blob: $0) }
    }

    /// The state that a blob holds, to be changed: it leaves the memory of decoded states.
    func take(_ entity: EntityReference, _ reply: BlobReply) -> LoadedState {
        load(entity, reply) { decoded.take(entity.key, blob: $0) }
    }

    private func load(
        _ entity: EntityReference, _ reply: BlobReply, known: ([UInt8]) -> FeatureState?
    ) -> LoadedState {
        guard case .blob(let blob) = reply else {
            return LoadedState(entity: entity, blob: [], state: nil)
        }
        if blob.isEmpty { return LoadedState(entity: entity, blob: [], state: empty(entity)) }
        if let state = known(blob) { return LoadedState(entity: entity, blob: blob, state: state) }
        let empty = empty(entity)
        let state = try? FeatureState(
            decoding: blob, group: empty.group, groupHash: empty.groupHash)
        return LoadedState(entity: entity, blob: blob, state: state)
    }

    func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: definitions.groupHash(ofEntity: entity.entity, tenant: entity.tenant))
    }

    /// The write of a state that has these events, and was loaded without them.
    func write(
        _ loaded: LoadedState, _ after: FeatureState, made: [MadeVersion]
    ) -> BlobWrite {
        BlobWrite(
            entity: loaded.entity, key: key(loaded.entity), journal: journal(loaded.entity),
            before: loaded.blob, after: after, blob: after.encode(),
            keepSeconds: keepSeconds[loaded.entity.entity], made: made)
    }

    /// Remembers what was written, so that the next event need not decode it.
    func written(_ write: BlobWrite) {
        decoded.put(write.entity.key, write.after, blob: write.blob)
    }
}
