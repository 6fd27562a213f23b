internal import FeatureEngine

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A state in memory.
//
// Unchecked: what changes is used only by the thread that holds the stripe of its key.
final class CachedState: HeldState, @unchecked Sendable {
    let key: StateKey
    let tenant: String
    /// The name of the entity type.
    let entity: String
    /// Bytes it counts for in its stripe.
    var bytes = 0
    /// Events were applied that no stored blob contains.
    var isDirty = false
    /// What the store's trail lacks; behind what the write under way brings it.
    var trail = Trail()
    var savedTrail = Trail()
    /// The write that is storing it; 0 if none is.
    var write: UInt64 = 0
    /// Read since the eviction's hand last passed.
    var isRecent = true

    init(key: StateKey, tenant: String, entity: String, state: FeatureState) {
        self.key = key
        self.tenant = tenant
        self.entity = entity
        super.init(state)
    }
}

/// A state as it was when its stripe was held to take it: to be stored while others change it.
///
/// Let it go soon: an event that comes meanwhile copies each part of the state that it changes.
struct TakenState {
    let cached: CachedState
    let state: FeatureState
    let trail: Trail
}

/// A share of the entities: their states in memory, and the lock that orders what happens to them.
//
// Unchecked: everything but `lock` is used only between `acquire` and `release`, by the thread that
// acquired it; what that thread did is seen by the next one, as the mutex guarantees.
final class Stripe: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var states = StateTable()
    /// Every state, in the order the eviction's hand goes round.
    private(set) var ring: [CachedState] = []
    private var hand = 0
    private(set) var bytes = 0
    var count: Int { ring.count }
    private(set) var dirty: [CachedState] = []
    private(set) var dirtyBytes = 0
    /// Of what is stored already; the stripe is held to change it.
    var maximumBytes: Int

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
        lock = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// Too much waits to be stored to change more.
    var isOverloaded: Bool { dirtyBytes > max(maximumBytes, 1 << 20) }

    func acquire() { pthread_mutex_lock(lock) }
    func release() { pthread_mutex_unlock(lock) }

    func find(_ key: StateKey) -> CachedState? {
        let found = states[key]
        found?.isRecent = true
        return found
    }

    /// See ``StateTable/fetch(_:)``.
    func fetch(_ key: StateKey) -> UInt64 { states.fetch(key) }

    func insert(_ state: CachedState) {
        states.insert(state)
        ring.append(state)
        account(for: state)
    }

    /// Call after events were applied to `state`.
    func markDirty(_ state: CachedState) {
        let before = state.bytes
        // Going through all that a state holds costs half as much as applying the event.
        if state.state.version % 8 == 0 { account(for: state) }
        if state.isDirty {
            dirtyBytes += state.bytes - before
            return
        }
        state.isDirty = true
        dirty.append(state)
        dirtyBytes += state.bytes
    }

    /// Hands over the states that have been dirty the longest; they count as clean once `write` is
    /// reported stored.
    func takeDirty(count: Int, write: UInt64) -> [TakenState] {
        let taken = dirty.prefix(count).map { cached in
            cached.isDirty = false
            cached.write = write
            cached.savedTrail = cached.trail
            cached.trail = Trail()
            dirtyBytes -= cached.bytes
            return TakenState(cached: cached, state: cached.state, trail: cached.savedTrail)
        }
        dirty.removeFirst(taken.count)
        return taken
    }

    /// What was handed over to `write` is stored, or else still to be stored.
    func finish(_ taken: [CachedState], write: UInt64, isStored: Bool) {
        for state in taken where state.write == write {
            state.write = 0
            if !isStored {
                state.trail.prepend(state.savedTrail)
                markDirty(state)
            }
            state.savedTrail = Trail()
        }
    }

    /// Call after a state was replaced by one that is stored.
    func accountAgain(for state: CachedState) {
        let before = state.bytes
        account(for: state)
        if state.isDirty { dirtyBytes += state.bytes - before }
    }

    private func account(for state: CachedState) {
        let now = state.state.byteCount + state.trail.byteCount + 192
        bytes += now - state.bytes
        state.bytes = now
    }

    /// Drops all states that are stored.
    func removeStored() {
        let left = ring.filter { $0.isDirty || $0.write != 0 }
        states = StateTable()
        for state in left { states.insert(state) }
        ring = left
        bytes = left.reduce(0) { $0 + $1.bytes }
    }

    /// Drops states that are stored and have not been read for a round (second chance). One that
    /// is not stored is never dropped, so the bound gives way to it; the writer makes room.
    /// Called when the holder is done: a state it was given must stay the one in the stripe.
    func evict() {
        var steps = ring.count * 2
        while bytes > maximumBytes, steps > 0, !ring.isEmpty {
            steps -= 1
            hand = hand < ring.count ? hand : 0
            let state = ring[hand]
            if state.isRecent || state.isDirty || state.write != 0 {
                state.isRecent = false
                hand += 1
                continue
            }
            states.remove(state.key)
            bytes -= state.bytes
            ring.swapAt(hand, ring.count - 1)
            ring.removeLast()
        }
    }
}
