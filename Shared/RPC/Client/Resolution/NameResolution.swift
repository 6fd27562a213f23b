/// When a target is resolved, and what becomes of the answers. Holds no resolver: its owner asks
/// `begin` when `nextAt` has come, resolves, and tells the answer.
package struct NameResolution: Sendable {
    package enum Answer: Sendable, Hashable {
        case endpoints([Endpoint])
        /// Why there is none, for a person.
        case failed(String)
    }

    /// Answers by what became of them.
    package struct Counters: Sendable, Hashable {
        package var changed = 0
        package var unchanged = 0
        package var failed = 0
        package var empty = 0
    }

    /// Between two answers, unless something asks earlier.
    private let interval: Duration
    /// Between two questions, whoever asks.
    private let minimumInterval: Duration
    private var generator: SeededGenerator
    /// The last good set; empty before the first.
    package private(set) var endpoints: [Endpoint] = []
    /// Why the last question brought nothing; nil after a good answer.
    package private(set) var failure: String?
    package private(set) var counters = Counters()
    package private(set) var isResolving = false
    private var lastBegin: Instant?
    /// When `begin` will say yes; far in the future while a question is open.
    package private(set) var nextAt: Instant

    package init(
        interval: Duration = .seconds(30), minimumInterval: Duration = .seconds(2), now: Instant,
        generator: SeededGenerator
    ) {
        self.interval = interval
        self.minimumInterval = minimumInterval
        self.generator = generator
        nextAt = now
    }

    /// Asks for a fresh answer: a GOAWAY, an endpoint that cannot be reached, all ejected.
    package mutating func request(at now: Instant) {
        if isResolving { return }
        let earliest = lastBegin.map { $0 + minimumInterval } ?? now
        nextAt = min(nextAt, max(now, earliest))
    }

    /// Whether to resolve now. After a yes, `answered` must follow, however it goes.
    package mutating func begin(at now: Instant) -> Bool {
        guard !isResolving, now >= nextAt else { return false }
        isResolving = true
        lastBegin = now
        nextAt = .distantFuture
        return true
    }

    /// Takes an answer; returns the new set if it differs from the old one. A failure or an empty
    /// answer changes nothing: the set never drops to zero by itself.
    package mutating func answered(_ answer: Answer, at now: Instant) -> [Endpoint]? {
        isResolving = false
        nextAt = now + max(interval * generator.jitter(), minimumInterval)
        switch answer {
        case .failed(let reason):
            counters.failed += 1
            failure = reason
        case .endpoints(let found) where found.isEmpty:
            counters.empty += 1
            failure = "the answer was empty"
        case .endpoints(let found):
            failure = nil
            if Set(found) != Set(endpoints) {
                counters.changed += 1
                endpoints = found
                return found
            }
            counters.unchanged += 1
        }
        return nil
    }
}
