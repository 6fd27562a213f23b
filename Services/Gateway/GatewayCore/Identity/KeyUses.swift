internal import Synchronization

/// When one API key was used last, in seconds since 1970; 0 before the first time.
public final class KeyUse: Sendable {
    private let seconds = Atomic<Int64>(0)

    public init() {}

    var lastUsed: Int64 { seconds.load(ordering: .relaxed) }

    /// Writes once a second at most, so that loops which share a key do not fight over it.
    func note(_ wallClock: Int64) {
        if seconds.load(ordering: .relaxed) != wallClock {
            seconds.store(wallClock, ordering: .relaxed)
        }
    }
}

/// When each API key was used last. Outlives configurations: who rotates a key watches this, and
/// revokes the old one when nobody uses it any more.
public final class KeyUses: Sendable {
    private let uses = Mutex<[String: KeyUse]>([:])

    public init() {}

    /// The same object for an id each time.
    func use(of id: String) -> KeyUse {
        uses.withLock { uses in
            if let known = uses[id] { return known }
            let new = KeyUse()
            uses[id] = new
            return new
        }
    }

    /// Forgets keys that no configuration knows any more.
    func keep(_ ids: Set<String>) {
        uses.withLock { uses in uses = uses.filter { ids.contains($0.key) } }
    }

    /// The keys that were used, by id.
    public func all() -> [(id: String, lastUsed: Int64)] {
        uses.withLock { uses in uses.map { (id: $0.key, lastUsed: $0.value.lastUsed) } }
            .filter { $0.lastUsed > 0 }
            .sorted { $0.id < $1.id }
    }
}
