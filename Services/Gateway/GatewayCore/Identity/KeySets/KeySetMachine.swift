internal import RPC

/// When the keys of an issuer are fetched, and what is answered meanwhile. A value without a clock or
/// a socket: who drives it carries out what it says.
struct KeySetMachine: Sendable {
    enum Lookup: Sendable {
        case key(PinnedKey, KeySet)
        case unknown
        /// A fetch is under way that may bring the key.
        case wait
    }

    static let longestWithoutFetch = Duration.seconds(24 * 3600)
    static let lifetimes: ClosedRange<Int64> = 60...86_400
    static let standardLifetime: Int64 = 600
    /// Between the starts of two fetches that unknown names cause, or that follow a failed one.
    static let pause = Duration.seconds(10)
    /// How often a call may wait: for a fetch that was under way, then for one of its own.
    static let rounds = 2

    /// Used until a first fetch has succeeded, and when the last success is too long ago.
    var fallback: KeySet?
    private(set) var set: KeySet?
    private(set) var isFetching = false
    private(set) var fetchedAt: Instant?
    private var isSearch = false
    private var lastSearchSucceeded = false
    private var refreshAt: Instant?
    private var earliestRefresh: Instant?
    private var earliestSearch: Instant?
    private var unknown = UnknownKeyIDs()

    init(fallback: KeySet?) { self.fallback = fallback }

    /// The keys that are believed now.
    func current(at now: Instant) -> KeySet? {
        guard let set, let fetchedAt, now < fetchedAt + Self.longestWithoutFetch else {
            return fallback
        }
        return set
    }

    /// - Parameter round: How often the call has waited.
    /// - Returns: What is known, and whether a fetch is to be started.
    mutating func look(
        for kid: String, at now: Instant, round: Int
    ) -> (lookup: Lookup, startsFetch: Bool) {
        if let current = current(at: now), let key = current.keys[kid] {
            return (.key(key, current), tick(at: now))
        }
        if round > 0, lastSearchSucceeded, !isFetching { unknown.insert(kid, at: now) }
        if round >= Self.rounds || unknown.contains(kid, at: now) { return (.unknown, false) }
        if isFetching { return (.wait, false) }
        if let earliestSearch, now < earliestSearch { return (.unknown, false) }
        begin(search: true, at: now)
        return (.wait, true)
    }

    /// Whether a fetch is to be started because it is time.
    mutating func tick(at now: Instant) -> Bool {
        guard !isFetching, refreshAt.map({ $0 <= now }) ?? true,
            earliestRefresh.map({ $0 <= now }) ?? true
        else { return false }
        begin(search: false, at: now)
        return true
    }

    private mutating func begin(search: Bool, at now: Instant) {
        isFetching = true
        isSearch = search
        earliestRefresh = now + Self.pause
        if search { earliestSearch = now + Self.pause }
    }

    /// A fetch has ended well.
    ///
    /// - Parameter maximumAge: Seconds of the reply's `cache-control`.
    /// - Returns: Whether the keys are others than before.
    mutating func fetched(_ new: KeySet, maximumAge: Int64?, at now: Instant) -> Bool {
        let lifetime = min(
            max(maximumAge ?? Self.standardLifetime, Self.lifetimes.lowerBound),
            Self.lifetimes.upperBound)
        isFetching = false
        lastSearchSucceeded = isSearch
        fetchedAt = now
        refreshAt = now + .seconds(lifetime / 2)
        // The same object as long as it says the same: what was verified with it stays so.
        if let set, set.says(theSameAs: new) { return false }
        set = new
        unknown.removeAll()
        return true
    }

    /// A fetch has failed, or brought what is no key set: the keys that are there stay.
    mutating func failed(at now: Instant) {
        isFetching = false
        lastSearchSucceeded = false
        refreshAt = earliestRefresh
        // A search would ask the same host.
        earliestSearch = earliestRefresh
    }
}
