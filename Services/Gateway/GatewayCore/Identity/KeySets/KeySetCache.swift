public import RPC
internal import Synchronization

/// The keys of one issuer, fetched from its address and kept. Outlives configurations.
public final class KeySetCache: Sendable {
    /// What came of a fetch.
    public struct Document: Sendable {
        public var bytes: [UInt8]
        /// Seconds of `max-age` in the reply's `cache-control`.
        public var maximumAge: Int64?

        public init(bytes: [UInt8], maximumAge: Int64? = nil) {
            self.bytes = bytes
            self.maximumAge = maximumAge
        }

        /// - Parameter cacheControl: The reply's field: `no-store` and `no-cache` ask for the
        ///   shortest life that there is.
        public init(bytes: [UInt8], cacheControl: String?) {
            self.bytes = bytes
            for part in cacheControl?.lowercased().split(separator: ",") ?? [] {
                let words = part.split(separator: "=").map { $0.filter { $0 != " " } }
                switch words.first {
                case "no-store", "no-cache": maximumAge = 0
                case "max-age" where words.count == 2 && maximumAge == nil:
                    maximumAge = Int64(words[1]).flatMap { $0 >= 0 ? $0 : nil }
                default: break
                }
            }
        }
    }

    /// What the outside brings in, so that a test decides it.
    public struct Surroundings: Sendable {
        public var now: @Sendable () -> Instant
        public var sleep: @Sendable (Duration) async -> Void
        /// Told of every fetch that ends: the issuer, whether the keys changed, or what was wrong.
        public var notice: @Sendable (Event) -> Void

        public init(
            now: @escaping @Sendable () -> Instant,
            sleep: @escaping @Sendable (Duration) async -> Void = {
                try? await Task.sleep(for: $0)
            },
            notice: @escaping @Sendable (Event) -> Void = { _ in }
        ) {
            self.now = now
            self.sleep = sleep
            self.notice = notice
        }
    }

    public enum Event: Sendable {
        /// Other keys than before; some of the set may have been left out.
        case changed(issuer: String, keys: Int, leftOut: [String])
        case unchanged(issuer: String)
        /// The old keys stay.
        case failed(issuer: String, why: String)
    }

    public struct Status: Sendable {
        public var issuer: String
        /// Nil before the first success.
        public var age: Duration?
        public var keys: Int
        public var fetches: Int
        public var failures: Int
    }

    private struct Waiter {
        let until: Instant
        let body: @Sendable () -> Void
    }

    private struct State {
        var machine: KeySetMachine
        var waiters: [Waiter] = []
        var fetches = 0
        var failures = 0
    }

    /// A call waits no longer than this for a key.
    public static let patience = Duration.milliseconds(500)
    /// More calls than this do not wait.
    static let maximumWaiters = 4096
    private static let step = Duration.milliseconds(50)

    let issuer: String
    private let algorithm: GatewayConfiguration.Algorithm?
    private let fetch: @Sendable () async throws -> Document
    private let surroundings: Surroundings
    private let state: Mutex<State>

    /// - Parameters:
    ///   - algorithm: Of RSA keys that name none.
    ///   - fallback: The keys of a file, until some were fetched.
    ///   - fetch: Ends within two seconds.
    init(
        issuer: String, algorithm: GatewayConfiguration.Algorithm?, fallback: KeySet?,
        surroundings: Surroundings, fetch: @escaping @Sendable () async throws -> Document
    ) {
        self.issuer = issuer
        self.algorithm = algorithm
        self.surroundings = surroundings
        self.fetch = fetch
        state = Mutex(State(machine: KeySetMachine(fallback: fallback)))
    }

    // MARK: Requests

    func current(at now: Instant) -> KeySet? { state.withLock { $0.machine.current(at: now) } }

    func look(for kid: String, at now: Instant, round: Int) -> KeySetMachine.Lookup {
        let (lookup, startsFetch) = state.withLock { state in
            var answer = state.machine.look(for: kid, at: now, round: round)
            if case .wait = answer.lookup, !answer.startsFetch,
                state.waiters.count >= Self.maximumWaiters
            {
                answer.lookup = .unknown
            }
            return answer
        }
        if startsFetch { start() }
        return lookup
    }

    /// Calls `body` when the fetch that is under way has ended, or at `until`; at once if there is
    /// none. On any thread.
    func whenSettled(by until: Instant, _ body: @escaping @Sendable () -> Void) {
        let waits = state.withLock { state in
            guard state.machine.isFetching else { return false }
            state.waiters.append(Waiter(until: until, body: body))
            return true
        }
        if !waits { body() }
    }

    // MARK: Fetches

    /// Starts a fetch if it is time for one. To be called every second or so.
    func tick() {
        if state.withLock({ $0.machine.tick(at: surroundings.now()) }) { start() }
    }

    func replaceFallback(_ set: KeySet?) { state.withLock { $0.machine.fallback = set } }

    private func start() {
        state.withLock { $0.fetches += 1 }
        Task { await run() }
        Task { await releaseTheImpatient() }
    }

    private func run() async {
        let event: Event
        do {
            let document = try await fetch()
            let set = try KeySet(json: document.bytes, algorithm: algorithm)
            let isNew = state.withLock {
                $0.machine.fetched(
                    set, maximumAge: document.maximumAge, at: surroundings.now())
            }
            event =
                isNew
                ? .changed(issuer: issuer, keys: set.keys.count, leftOut: set.skipped)
                : .unchanged(issuer: issuer)
        } catch {
            state.withLock { state in
                state.machine.failed(at: surroundings.now())
                state.failures += 1
            }
            event = .failed(issuer: issuer, why: "\(error)")
        }
        release { _ in true }
        surroundings.notice(event)
    }

    /// While a fetch takes long, calls that have waited long enough go on without it.
    private func releaseTheImpatient() async {
        while state.withLock({ $0.machine.isFetching }) {
            await surroundings.sleep(Self.step)
            let soon = surroundings.now() + Self.step
            release { $0.until <= soon }
        }
    }

    private func release(_ isOver: (Waiter) -> Bool) {
        let over = state.withLock { state in
            let over = state.waiters.filter(isOver)
            if !over.isEmpty { state.waiters.removeAll(where: isOver) }
            return over
        }
        for waiter in over { waiter.body() }
    }

    // MARK: For people

    /// Whether there are keys at all.
    var isReady: Bool { current(at: surroundings.now()) != nil }

    var status: Status {
        let now = surroundings.now()
        return state.withLock { state in
            Status(
                issuer: issuer, age: state.machine.fetchedAt.map { now - $0 },
                keys: state.machine.current(at: now)?.keys.count ?? 0, fetches: state.fetches,
                failures: state.failures)
        }
    }
}
