internal import FeatureEngine
internal import Storage
internal import Synchronization

/// The states of all entities: in memory if used lately, else in the store.
///
/// It looks at them as one definition set does. Sets whose groups mean the same share the states:
/// each has a cache of its own over the same stripes.
///
/// A caller locks the stripes of all its entities together, in one order, so that nothing comes
/// between its reads and its writes, and no two callers wait for each other.
final class StateCache: Sendable {
    static let stripeCount = 256

    let definitions: DefinitionSet
    let generation: [UInt8]
    let stripes: [Stripe]
    private let groups: [Group]
    let store: any KeyValueStore
    /// Per entity type.
    let lives: [StateLife]
    /// Per tenant, the group hashes of the entity types: they are long in the making.
    private let groupHashes = Mutex<[String: [UInt64]]>([:])

    init(definitions: DefinitionSet, store: any KeyValueStore, maximumBytes: Int) {
        self.definitions = definitions
        self.store = store
        lives = definitions.lives
        generation = definitions.generation
        groups = definitions.entities.map(\.group)
        stripes = (0..<StateCache.stripeCount).map { _ in
            Stripe(maximumBytes: maximumBytes / StateCache.stripeCount)
        }
    }

    /// The states of `cache` under definitions of the same generation.
    init(definitions: DefinitionSet, over cache: StateCache) {
        precondition(definitions.generation == cache.generation)
        self.definitions = definitions
        store = cache.store
        lives = definitions.lives
        generation = cache.generation
        groups = definitions.entities.map(\.group)
        stripes = cache.stripes
    }

    var bytes: Int { stripes.reduce(0) { $0 + $1.locked(\.bytes) } }
    var count: Int { stripes.reduce(0) { $0 + $1.locked(\.count) } }
    var dirtyBytes: Int { stripes.reduce(0) { $0 + $1.locked(\.dirtyBytes) } }

    /// By entity type.
    var usage: [String: (count: Int, bytes: Int)] {
        var usage: [String: (count: Int, bytes: Int)] = [:]
        for stripe in stripes {
            stripe.locked { stripe in
                for state in stripe.ring {
                    usage[state.entity, default: (0, 0)].count += 1
                    usage[state.entity, default: (0, 0)].bytes += state.bytes
                }
            }
        }
        return usage
    }

    func stripe(of key: StateKey) -> Int { Int(key.high % UInt64(StateCache.stripeCount)) }

    /// Runs `body` while all of the keys' stripes are held. It must not block for long.
    func holding<R, E: Error>(_ keys: [StateKey], _ body: () throws(E) -> R) throws(E) -> R {
        var wanted = keys.map { stripe(of: $0) }
        wanted.sort()
        var last = -1
        for stripe in wanted where stripe != last {
            stripes[stripe].acquire()
            last = stripe
        }
        defer {
            var last = -1
            for stripe in wanted where stripe != last {
                stripes[stripe].evict()
                stripes[stripe].release()
                last = stripe
            }
        }
        return try body()
    }

    /// Runs `body` while everything is held: nothing is read or changed meanwhile.
    func holdingAll<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        for stripe in stripes { stripe.acquire() }
        defer { for stripe in stripes { stripe.release() } }
        return try body()
    }

    /// Changes how much is kept.
    func resize(maximumBytes: Int) {
        for stripe in stripes {
            stripe.locked { $0.maximumBytes = maximumBytes / StateCache.stripeCount }
        }
    }

    /// Lets go of everything that is stored.
    func removeStored() {
        for stripe in stripes { stripe.locked { $0.removeStored() } }
    }

    /// The state of an entity, loaded if need be. Its stripe is held.
    ///
    /// One that is past its time is empty, whether or not its blob is gone already.
    ///
    /// - Parameter now: when the event or the call came, in milliseconds.
    func state(_ entity: EntityReference, at now: Int64) throws(StateError) -> CachedState {
        let stripe = stripes[stripe(of: entity.key)]
        let cached: CachedState
        if let found = stripe.find(entity.key) {
            cached = found
            let group = groups[entity.entity]
            if found.state.group !== group { found.state.rebind(to: group) }
        } else {
            cached = CachedState(
                key: entity.key, tenant: entity.tenant, entity: name(of: entity),
                state: try load(entity))
            stripe.insert(cached)
        }
        if cached.state.version != 0,
            lives[entity.entity].isOver(clock: cached.state.clock, at: now)
        {
            cached.state = empty(entity)
        }
        return cached
    }

    /// Brings the states from memory side by side, before they are looked at one after the other.
    /// Their stripes are held.
    func fetch(_ states: [CachedState]) {
        var sum: Int64 = 0
        for cached in states { sum &+= cached.state.fetchParts() }
        for cached in states { sum &+= cached.state.fetchCells() }
        Self.use(sum)
    }

    /// Brings from memory where the states of these entities are looked up. Their stripes are held.
    func fetch(placesOf entities: [EntityReference]) {
        var sum: UInt64 = 0
        for index in entities.indices {
            let key = entities[index].key
            sum &+= stripes[stripe(of: key)].fetch(key)
        }
        Self.use(Int64(bitPattern: sum))
    }

    /// Nothing, but the optimizer cannot know.
    @inline(never)
    @_optimize(none)
    private static func use(_ sum: Int64) {}

    /// Whether one of the entities' stripes has too much to store. The stripes are held.
    func isOverloaded(_ entities: [EntityReference]) -> Bool {
        entities.contains { stripes[stripe(of: $0.key)].isOverloaded }
    }

    /// Puts a state in place of an unreadable one. Its stripe is held.
    func replace(_ entity: EntityReference, with state: FeatureState) -> CachedState {
        let cached = CachedState(
            key: entity.key, tenant: entity.tenant, entity: name(of: entity), state: state)
        stripes[stripe(of: entity.key)].insert(cached)
        stripes[stripe(of: entity.key)].markDirty(cached)
        return cached
    }

    /// Puts what is stored already in place of a state. Its stripe is held.
    func replace(_ cached: CachedState, with state: FeatureState) {
        cached.state = state
        stripes[stripe(of: cached.key)].accountAgain(for: cached)
    }

    /// Applies an event in place: the state is to be stored later. Its stripe is held.
    func apply(
        _ event: EngineEvent, touches: UInt64, sequence: UInt64, delivery: Delivery,
        to cached: CachedState
    ) {
        let done = cached.state.apply(
            event, touches: touches, sequence: sequence, delivery: delivery)
        guard case .applied(let version) = done else { return }
        cached.trail.append(version: version, sequence: sequence)
        stripes[stripe(of: cached.key)].markDirty(cached)
    }

    func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: groups[entity.entity],
            groupHash: groupHashes(of: entity.tenant)[entity.entity])
    }

    private func groupHashes(of tenant: String) -> [UInt64] {
        groupHashes.withLock { known in
            if let hashes = known[tenant] { return hashes }
            let hashes = definitions.entities.indices.map {
                definitions.groupHash(ofEntity: $0, tenant: tenant)
            }
            known[tenant] = hashes
            return hashes
        }
    }

    /// Adds a state's blob to a batch, or its end if it is empty.
    func put(_ state: FeatureState, of cached: CachedState, in batch: inout WriteBatch) {
        let key = storageKey(cached.key, tenant: cached.tenant, entity: cached.entity)
        if state.version == 0 {
            batch.delete(key, in: .state)
        } else {
            batch.put(key, state.encode(), in: .state)
        }
    }

    /// Adds what the store's trail of an entity lacks.
    func put(_ trail: Trail, of cached: CachedState, in batch: inout WriteBatch) {
        guard !trail.isEmpty else { return }
        trail.put(
            StorageKey.trail(
                cached.key, tenant: cached.tenant, generation: generation, entity: cached.entity),
            in: &batch)
    }

    /// The steps of an entity that the store's trail may lack.
    func unsavedTrail(of key: StateKey) -> [Trail.Step] {
        stripes[stripe(of: key)].locked { stripe in
            stripe.find(key).map { $0.savedTrail.steps + $0.trail.steps } ?? []
        }
    }

    /// The key under which the state is stored.
    private func storageKey(_ key: StateKey, tenant: String, entity: String) -> [UInt8] {
        StorageKey.state(key, tenant: tenant, generation: generation, entity: entity)
    }

    private func name(of entity: EntityReference) -> String {
        definitions.entities[entity.entity].name
    }

    /// The state of an entity as it is stored.
    func blob(of entity: EntityReference) throws(StorageError) -> [UInt8]? {
        let key = storageKey(entity.key, tenant: entity.tenant, entity: name(of: entity))
        return try store.get(key, in: .state)
    }

    private func load(_ entity: EntityReference) throws(StateError) -> FeatureState {
        let blob: [UInt8]?
        do {
            blob = try self.blob(of: entity)
        } catch {
            throw .unavailable(error)
        }
        guard let blob else { return empty(entity) }
        do {
            return try FeatureState(
                decoding: blob, group: groups[entity.entity],
                groupHash: groupHashes(of: entity.tenant)[entity.entity])
        } catch {
            throw .unreadable(error)
        }
    }
}

extension Stripe {
    func locked<R>(_ body: (Stripe) -> R) -> R {
        acquire()
        defer { release() }
        return body(self)
    }
}
