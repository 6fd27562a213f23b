internal import FeatureEngine
internal import Storage

/// The states of all entities: in memory if used lately, else in the store.
///
/// A caller locks the stripes of all its entities together, in one order, so that nothing comes
/// between its reads and its writes, and no two callers wait for each other.
final class StateCache: Sendable {
    static let stripeCount = 256

    let definitions: DefinitionSet
    let generation: [UInt8]
    let stripes: [Stripe]
    private let store: any KeyValueStore

    init(definitions: DefinitionSet, store: any KeyValueStore, maximumBytes: Int) {
        self.definitions = definitions
        self.store = store
        generation = definitions.generation
        stripes = (0..<StateCache.stripeCount).map { _ in
            Stripe(maximumBytes: maximumBytes / StateCache.stripeCount)
        }
    }

    var bytes: Int { stripes.reduce(0) { $0 + $1.locked(\.bytes) } }
    var dirtyBytes: Int { stripes.reduce(0) { $0 + $1.locked(\.dirtyBytes) } }

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

    /// The state of an entity, loaded if need be. Its stripe is held.
    func state(_ entity: EntityReference) throws(StateError) -> CachedState {
        let stripe = stripes[stripe(of: entity.key)]
        if let cached = stripe.find(entity.key) { return cached }
        let loaded = CachedState(
            key: entity.key, tenant: entity.tenant, entity: entity.entity, state: try load(entity))
        stripe.insert(loaded)
        return loaded
    }

    /// Whether one of the entities' stripes has too much to store. The stripes are held.
    func isOverloaded(_ entities: [EntityReference]) -> Bool {
        entities.contains { stripes[stripe(of: $0.key)].isOverloaded }
    }

    /// Puts a state in place of an unreadable one. Its stripe is held.
    func replace(_ entity: EntityReference, with state: FeatureState) -> CachedState {
        let cached = CachedState(
            key: entity.key, tenant: entity.tenant, entity: entity.entity, state: state)
        stripes[stripe(of: entity.key)].insert(cached)
        stripes[stripe(of: entity.key)].markDirty(cached)
        return cached
    }

    func empty(_ entity: EntityReference) -> FeatureState {
        FeatureState(
            group: definitions.entities[entity.entity].group,
            groupHash: definitions.groupHash(ofEntity: entity.entity, tenant: entity.tenant))
    }

    /// The key under which the state is stored.
    func storageKey(_ key: StateKey, tenant: String, entity: Int) -> [UInt8] {
        StorageKey.state(
            key, tenant: tenant, generation: generation, entity: definitions.entities[entity].name)
    }

    private func load(_ entity: EntityReference) throws(StateError) -> FeatureState {
        let blob: [UInt8]?
        do {
            let key = storageKey(entity.key, tenant: entity.tenant, entity: entity.entity)
            blob = try store.get(key, in: .state)
        } catch {
            throw .unavailable(error)
        }
        let state = empty(entity)
        guard let blob else { return state }
        do {
            return try FeatureState(
                decoding: blob, group: state.group, groupHash: state.groupHash)
        } catch {
            throw .unreadable(error)
        }
    }
}

/// One entity that an event or a read names.
struct EntityReference {
    let tenant: String
    /// Position in the definition set.
    let entity: Int
    let role: String
    let id: String
    let key: StateKey
    /// Bit i: it is the i-th entity the event type lists.
    var touches: UInt64
}

/// Why there is no state to read.
enum StateError: Error {
    case unavailable(StorageError)
    /// The stored bytes are damaged: it is rebuilt from the log.
    case unreadable(BlobError)
}

extension Stripe {
    func locked<R>(_ body: (Stripe) -> R) -> R {
        acquire()
        defer { release() }
        return body(self)
    }
}
