public import FeatureEngine
internal import RPC
public import Redis
internal import Synchronization
public import Wire

/// How a ``SharedFeatureStore`` uses its server.
public struct SharedStoreConfiguration: Sendable {
    /// How long one round trip may take; a call needs two.
    public var roundTrip: Duration = .milliseconds(20)
    /// Blobs that are kept decoded, so that one which has not changed is not decoded again.
    public var cacheBytes = 256 << 20
    /// Replicas that must have an event before its reply says `replicated`; 0 asks none.
    public var replicas = 0
    /// How long replicas are waited for.
    public var replicaWait: Duration = .milliseconds(50)
    /// How long an event's id is known.
    public var idLife: Duration = .seconds(8 * 86_400)
    /// How long a reply is kept for a caller who asks again.
    public var replyLife: Duration = .seconds(600)
    /// Rows of a partition that the keeper has not taken; more are refused.
    public var maximumRows = 2_000_000
    /// How long events of a relaxed entity are gathered, and how many at most.
    public var gatherInterval: Duration = .milliseconds(250)
    public var gatherCount = 256
    /// Accept a server that keeps nothing over its own end.
    public var allowsVolatile = false
    /// An event is finished by the server that claimed it within this time, else by the keeper.
    public var ownership: Duration = .seconds(4)

    /// Of all servers and the keeper: hides entities behind their pseudonyms. Without one anybody
    /// can compute them.
    public var masterKey: MasterKey?

    public init() {}
}

/// The feature store over a Redis or Valkey server that several processes share.
///
/// A payment takes two round trips. The first gives the event its place in the log and reads the
/// blobs of all its entities; the second puts a new blob in place of each strict one, if it is still
/// the one that was read. An event that got no further than the log is finished by the keeper.
public final class SharedFeatureStore: FeatureStore {
    package let pipeline: EventPipeline
    public let statistics = StoreStatistics()
    public let activity = SharedStoreActivity()

    let redis: any RedisSender
    let configuration: SharedStoreConfiguration
    let states: SharedStates
    let queue = EntityQueue<PlacedEvent, StoredEvent>()
    let inFlight = InFlightEvents()
    let tenants = KnownTenants()
    let agreement: SharedAgreement
    let personal: PersonalRows
    let subjects: SharedSubjects
    let background = BackgroundWork()
    let late: LateCommands
    let losses: LossWatch
    let gatherer: RelaxedGatherer
    /// Time that only runs forward, for what this process has begun.
    let uptime: @Sendable () -> Duration

    init(
        _ redis: any RedisSender, definitions: DefinitionSet,
        configuration: SharedStoreConfiguration, clock: @escaping @Sendable () -> Timestamp,
        uptime: @escaping @Sendable () -> Duration
    ) {
        self.redis = redis
        self.configuration = configuration
        self.uptime = uptime
        pipeline = EventPipeline(
            definitions, masterKey: configuration.masterKey, clock: clock)
        personal = PersonalRows(definitions, keys: pipeline.keys)
        subjects = SharedSubjects(
            definitions, keys: pipeline.keys, redis, timeout: configuration.roundTrip)
        agreement = SharedAgreement(definitions, masterKey: configuration.masterKey ?? .zero)
        states = SharedStates(definitions, cacheBytes: configuration.cacheBytes)
        late = LateCommands(redis, activity, background)
        losses = LossWatch(redis, timeout: configuration.roundTrip)
        gatherer = RelaxedGatherer(
            states, redis, configuration: configuration, activity: activity, uptime: uptime)
    }

    /// Checks that the server is one to trust events with, and starts.
    ///
    /// - Parameters:
    ///   - clock: ingest time; it decides which events are too early or too late.
    ///   - uptime: time since any moment, running forward only.
    public static func open(
        _ redis: any RedisSender, definitions: DefinitionSet,
        configuration: SharedStoreConfiguration = SharedStoreConfiguration(),
        clock: @escaping @Sendable () -> Timestamp,
        uptime: @escaping @Sendable () -> Duration = SharedFeatureStore.machineUptime
    ) async throws -> SharedFeatureStore {
        try await ServerCheck.check(redis, allowsVolatile: configuration.allowsVolatile)
        let store = SharedFeatureStore(
            redis, definitions: definitions, configuration: configuration, clock: clock,
            uptime: uptime)
        try await store.agreement.check(redis)
        return store
    }

    private static let start = ContinuousClock.now

    public static let machineUptime: @Sendable () -> Duration = { ContinuousClock.now - start }

    /// Writes what is gathered for relaxed entities, from time to time, until cancelled. Each entity
    /// has its own time: all at once would hold up the events that come meanwhile.
    public func run() async throws {
        let pause = max(configuration.gatherInterval / 32, .milliseconds(1))
        var sinceStatistics: Duration = .zero
        while true {
            try await Task.sleep(for: pause)
            await gatherer.flushDue()
            sinceStatistics += pause
            if sinceStatistics >= .seconds(60) {
                sinceStatistics = .zero
                await sendStatistics()
            }
        }
    }

    /// Sends what was counted of what was served to the keeper, through the log. What does not get
    /// there is counted and lost.
    func sendStatistics() async {
        for (key, statistics) in pipeline.quality.recorder.take() {
            let vectors = pipeline.quality.vectors
            guard let vector = vectors.first(where: { $0.name == key.vector }) else { continue }
            let served = ServedHour(key, statistics, vector.features)
            let reply = try? await redis.send(
                RedisCommand(
                    "XADD", key: SharedKeys(tenant: key.tenant).rows(0), Array("*".utf8),
                    [StreamEntry.served], served.bytes))
            if reply == nil || reply?.error != nil { activity.lostStatistics.count() }
        }
    }

    /// Writes everything gathered, and waits for what is still on its way.
    public func flush() async {
        await gatherer.flush()
        await sendStatistics()
        await background.finished()
    }

    /// The shared store has rows for a minute, the keeper for as long as the log is kept.
    package var findsReferencesLater: Bool { true }

    package var erasures: UInt64 { UInt64(UInt32(truncatingIfNeeded: subjects.forgotten)) }

    /// Memory of the states that are decoded.
    public var stateBytes: Int { states.decoded.bytes }

    /// Per event type that was seen since the start, the greatest event time, in milliseconds.
    public var newestEvents: [(type: String, time: Int64)] { pipeline.newestEvents }

    /// Before a tenant's first event: makes it known, and holds our definitions against its states.
    /// Throws FAILED_PRECONDITION if they do not fit.
    func admit(_ tenant: String) async throws {
        let connections = redis.connectionsMade
        guard tenants.isNew(tenant, connections: connections) else { return }
        do {
            let timeout = configuration.roundTrip
            guard try await agreement.admit(tenant, redis, timeout: timeout) else { return }
        } catch let error as UnfitServer {
            throw error.rpcError
        }
        tenants.told(tenant, connections: connections)
    }
}

/// The tenants this process has told the shared store about.
final class KnownTenants: Sendable {
    private let known = Mutex<[String: Int]>([:])

    /// Whether to tell (again): a store that a new connection leads to may have lost it.
    func isNew(_ tenant: String, connections: Int) -> Bool {
        known.withLock { $0[tenant] != connections }
    }

    func told(_ tenant: String, connections: Int) {
        known.withLock { $0[tenant] = connections }
    }
}

/// Work that goes on after the reply, so that a shutdown can wait for it.
final class BackgroundWork: Sendable {
    private struct State {
        var running = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func run(_ body: @escaping @Sendable () async -> Void) {
        begin()
        Task {
            await body()
            end()
        }
    }

    /// Something begins, whose end will be told.
    func begin() { state.withLock { $0.running += 1 } }

    func end() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns at a moment when nothing runs.
    func finished() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.running > 0 { state.waiters.append(continuation) }
                return state.running == 0
            }
            if isIdle { continuation.resume() }
        }
    }
}
