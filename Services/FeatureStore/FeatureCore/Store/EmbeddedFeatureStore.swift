package import AssayMessages
public import FeatureEngine
internal import RPC
public import Storage
internal import Synchronization
public import Wire

/// The feature store of one process: an event log in a ``KeyValueStore``, states in memory.
///
/// The log is the truth. An event's row, its id and the reply given are one atomic batch, on the
/// disk before the reply; states follow behind, and opening applies what they lack.
public final class EmbeddedFeatureStore: FeatureStore {
    public let statistics = StoreStatistics()
    /// What the auditor has held against the log.
    public let skew = SkewStatistics()
    let driftBoard = DriftBoard()
    public let writtenBytes = WrittenBytes()

    let store: any KeyValueStore
    let records: RecordWriter
    let definitionsInForce: SharedReference<ActiveDefinitions>
    let register: DefinitionRegister
    let inFlight = InFlightEvents()
    let erasureGate = ErasureGate()
    let retention: StoreRetention
    /// A write failed of which something may be stored: what is in memory may be ahead of the log.
    let failed = Atomic<Bool>(false)
    /// The entities of the events that the log may lack.
    let unsure = Mutex<Set<StateKey>>([])
    /// The last event could not be written.
    let refusing = Atomic<Bool>(false)
    public let failures: StoreFailures
    let keptAside: Quarantine
    let servedByHour: StatisticsStore
    let configuration: FeatureStoreConfiguration
    /// The last sequence given out.
    let lastSequence = SequenceCounter()

    /// - Parameter row: which definitions the store says are in force; nil if it is not asked.
    init(
        store: any KeyValueStore, definitions: DefinitionSet,
        row: AssayFeaturesV1.DefinitionsRow? = nil, retention: StoreRetention,
        configuration: FeatureStoreConfiguration, clock: @escaping @Sendable () -> Timestamp
    ) throws {
        self.store = store
        self.configuration = configuration
        self.retention = retention
        failures = StoreFailures(configuration.reportFailure)
        let masterKey = try StoreKey.open(store, given: configuration.masterKey)
        let pipeline = EventPipeline(definitions, masterKey: masterKey, clock: clock)
        let vault = RowVault(
            definitions, keys: pipeline.keys,
            subjects: SubjectKeys(store: store, keys: pipeline.keys))
        servedByHour = StatisticsStore(store: store, run: UInt64.random(in: 0 ... .max))
        keptAside = try Quarantine(store: store, keys: pipeline.keys)
        records = RecordWriter(store, configuration)
        definitionsInForce = SharedReference(
            ActiveDefinitions(
                pipeline, vault: vault, records: records, store: store,
                position: AppliedPosition(lastSequence), cacheBytes: configuration.cacheBytes,
                roundEvents: configuration.roundEvents))
        register = DefinitionRegister(
            store,
            row ?? AssayFeaturesV1.DefinitionsRow(active: definitions.hash, applied: clock()))
    }

    /// Opens the store with these definitions, whatever it had in force, and applies the log behind
    /// the stored states.
    ///
    /// - Parameters:
    ///   - retention: what `store` was opened with, so that it drops old rows.
    ///   - clock: ingest time; it decides which events are too early or too late.
    public static func open(
        _ store: any KeyValueStore, definitions: DefinitionSet,
        retention: StoreRetention = StoreRetention(),
        configuration: FeatureStoreConfiguration = FeatureStoreConfiguration(),
        clock: @escaping @Sendable () -> Timestamp
    ) async throws -> EmbeddedFeatureStore {
        let opened = try EmbeddedFeatureStore(
            store: store, definitions: definitions, retention: retention,
            configuration: configuration, clock: clock)
        try await opened.recover()
        return opened
    }

    /// The definitions in force and what belongs to them: a call takes them once.
    var active: ActiveDefinitions { definitionsInForce.value }

    package var pipeline: EventPipeline { active.pipeline }
    public var definitions: DefinitionSet { active.definitions }
    var log: EventLog { active.log }
    var cache: StateCache { active.states }
    package var eventLog: EventLog? { log }
    package var erasures: UInt64 { erasureGate.erasures }

    package var durability: AssayFeaturesV1.Durability {
        configuration.durability == .synced ? .synced : .written
    }

    /// Stores every state changed so far: opening has nothing to apply then.
    public func flush() async throws { try await active.writer.flush() }

    /// Stores changed states behind the events, until the task is cancelled.
    public func run() async throws {
        let tick: Duration = .milliseconds(20)
        var sinceAdvance: Duration = .zero
        var sinceStatistics: Duration = .zero
        while true {
            try await Task.sleep(for: tick)
            sinceAdvance += tick
            if sinceAdvance >= .seconds(3_600) {
                sinceAdvance = .zero
                sweep(isHour: true)
            }
            sinceStatistics += tick
            if sinceStatistics >= .seconds(60) {
                sinceStatistics = .zero
                try? storeStatistics()
                watchWrittenBytes()
            }
            try await ifPossible { try await active.writer.follow() }
        }
    }

    private func watchWrittenBytes() {
        let events = statistics.applied.load(ordering: .relaxed)
        let limit = configuration.bytesPerEventLimit
        guard let figure = writtenBytes.look(events: events), figure > Double(limit) else { return }
        configuration.log("\(Int(figure)) bytes were written for each event: more than \(limit)")
    }

    /// Bytes for each event above which the log says so.
    public var bytesPerEventLimit: Int { configuration.bytesPerEventLimit }

    /// Lets go of the events, replies and states that have had their time by the clock.
    public func dropOldRows() throws {
        try dropOldRows(at: pipeline.clock().millisecondsSinceEpoch)
    }

    func dropOldRows(at now: Int64) throws {
        try retention.advance(log, at: now, configuration)
        dropRetiredGenerations(now: now)
        try keptAside.removeExpired(now: now)
        try servedByHour.removeExpired(now: now / StatisticsRecorder.millisecondsPerHour)
    }

    /// Stores everything and releases the directory.
    public func close() async throws {
        defer { store.close() }
        let backfill = register.state.withLock { $0.backfill }
        backfill?.cancel()
        await backfill?.finished()
        try? storeStatistics()
        try await flush()
        await records.close()
    }

    /// More than a quarter of the cache waits to be stored.
    var isDirtyCacheLarge: Bool { cache.dirtyBytes > configuration.cacheBytes / 4 }

    /// Events in the quarantine.
    public var waitingEvents: Int { keptAside.count }

    /// Per event type that was seen since the start, the greatest event time, in milliseconds.
    public var newestEvents: [(type: String, time: Int64)] {
        pipeline.newestEvents
    }

    /// Times that a row of the log was met whose fields are under another key than their subject's.
    public var rowsUnderOtherKeys: Int {
        active.vault.subjects.otherKeys.load(ordering: .relaxed)
    }

    /// Memory of the states that are decoded.
    public var stateBytes: Int { cache.bytes }

    /// States that are decoded.
    public var stateCount: Int { cache.count }

    /// Per entity type, the states that are decoded and their memory.
    public var statesByEntity: [(entity: String, count: Int, bytes: Int)] {
        cache.usage.map { ($0.key, $0.value.count, $0.value.bytes) }.sorted { $0.0 < $1.0 }
    }

    /// Memory of the states that changed since they were stored.
    public var unsavedBytes: Int { cache.dirtyBytes }

    /// The state of an entity, rebuilt from the log if its blob is damaged. Its stripe is held.
    func state(
        _ entity: EntityReference, _ set: ActiveDefinitions, at now: Int64, before sequence: UInt64
    ) throws -> CachedState {
        let states = set.states
        do {
            return try states.state(entity, at: now)
        } catch .unavailable(let error) {
            throw error
        } catch .unreadable {
            let state = try set.log.rebuild(
                entity, from: states.empty(entity), life: states.lives[entity.entity],
                before: sequence)
            statistics.rebuilt.add(1, ordering: .relaxed)
            return states.replace(entity, with: state)
        }
    }
}

/// Gives out the places of the log, each once.
final class SequenceCounter: Sendable {
    private let last = Atomic<UInt64>(0)

    var value: UInt64 { last.load(ordering: .acquiring) }

    func next() -> UInt64 { last.add(1, ordering: .acquiringAndReleasing).newValue }

    /// Before anything is given out.
    func raise(to value: UInt64) {
        if value > self.value { last.store(value, ordering: .releasing) }
    }
}
