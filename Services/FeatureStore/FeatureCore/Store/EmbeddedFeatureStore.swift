internal import AssayMessages
public import FeatureEngine
internal import RPC
public import Storage
internal import Synchronization
public import Wire

/// How much an ``EmbeddedFeatureStore`` keeps in memory and how it waits.
public struct FeatureStoreConfiguration: Sendable {
    /// States kept decoded.
    public var cacheBytes = 512 << 20
    /// Changed states are stored at the latest after this.
    public var flushInterval: Duration = .seconds(4)
    /// The least time between two syncs of the log.
    public var commitInterval: Duration = .milliseconds(1)

    public init() {}
}

/// The feature store of one process: an event log in a ``KeyValueStore``, states in memory.
///
/// The log is the truth. An event's row, its id and the reply given are one atomic batch, on the
/// disk before the reply; states follow behind, and opening applies what they lack.
public final class EmbeddedFeatureStore: Sendable {
    public let definitions: DefinitionSet
    public let statistics = StoreStatistics()

    let store: any KeyValueStore
    let commits: GroupCommit
    let cache: StateCache
    let log: EventLog
    let resolver: EventResolver
    let vectors: VectorReader
    let inFlight = InFlightEvents()
    let clock: @Sendable () -> Timestamp
    /// A write failed: what is in memory may be ahead of the log.
    let failed = Atomic<Bool>(false)
    /// Rows of the quarantine, or a few more: an event set aside twice counts twice.
    let quarantined = Atomic<Int>(0)
    static let maximumQuarantined = 1_000_000
    private let configuration: FeatureStoreConfiguration
    /// The last sequence given out.
    private let lastSequence = SequenceCounter()
    private let writer: StateWriter

    private init(
        store: any KeyValueStore, definitions: DefinitionSet,
        configuration: FeatureStoreConfiguration, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.definitions = definitions
        self.configuration = configuration
        self.clock = clock
        commits = GroupCommit(store: store, interval: configuration.commitInterval)
        cache = StateCache(
            definitions: definitions, store: store, maximumBytes: configuration.cacheBytes)
        resolver = EventResolver(definitions)
        log = EventLog(store: store, resolver: resolver)
        vectors = VectorReader(definitions: definitions)
        writer = StateWriter(cache: cache, commits: commits) { [lastSequence] in
            lastSequence.value
        }
    }

    /// The families that `store` must have.
    public static let families: [Family] = Family.allOfFeatureStore

    /// Opens the store and applies the log behind the stored states.
    ///
    /// - Parameter clock: ingest time; it decides which events are too early or too late.
    public static func open(
        _ store: any KeyValueStore, definitions: DefinitionSet,
        configuration: FeatureStoreConfiguration = FeatureStoreConfiguration(),
        clock: @escaping @Sendable () -> Timestamp
    ) async throws -> EmbeddedFeatureStore {
        let opened = EmbeddedFeatureStore(
            store: store, definitions: definitions, configuration: configuration, clock: clock)
        try await opened.recover()
        return opened
    }

    /// A place in the log. The caller holds the stripes of all entities of its event.
    func nextSequence() -> UInt64 { lastSequence.next() }

    /// Stores every state changed so far.
    public func flush() async throws { try await writer.flush() }

    /// Stores changed states from time to time, until the task is cancelled.
    public func run() async throws {
        let tick: Duration = .milliseconds(250)
        var waited: Duration = .zero
        while true {
            try await Task.sleep(for: tick)
            waited += tick
            guard waited >= configuration.flushInterval || isDirtyCacheLarge else { continue }
            waited = .zero
            try await flush()
        }
    }

    /// Stores everything and releases the directory.
    public func close() async throws {
        defer { store.close() }
        try await flush()
        await commits.close()
    }

    /// More than a quarter of the cache waits to be stored.
    private var isDirtyCacheLarge: Bool { cache.dirtyBytes > configuration.cacheBytes / 4 }

    /// Memory of the states that are decoded.
    public var stateBytes: Int { cache.bytes }

    /// Memory of the states that changed since they were stored.
    public var unsavedBytes: Int { cache.dirtyBytes }

    // MARK: Opening

    private func recover() async throws {
        try checkFormat()
        var applied = try meta(StorageKey.applied).flatMap { StorageKey.sequence($0) } ?? 0
        if try meta(StorageKey.generation) != cache.generation {
            // Other definitions: the states of these come from the whole log.
            try deleteStates()
            applied = 0
        }
        lastSequence.raise(to: applied)
        try store.scan(.quarantine, .all, reversed: false) { _, _ in
            quarantined.add(1, ordering: .relaxed)
            return true
        }
        while try recoverPart(after: &applied) { try await flush() }
        try await flush()
    }

    /// False when the log is at its end; true when changed states must be stored first.
    private func recoverPart(after applied: inout UInt64) throws -> Bool {
        var isFull = false
        var last = applied
        try log.scan(after: applied) { row in
            try apply(row)
            last = row.sequence
            lastSequence.raise(to: last)
            isFull = last % 1_024 == 0 && isDirtyCacheLarge
            return !isFull
        }
        applied = last
        return isFull
    }

    private func apply(_ row: AssayFeaturesV1.LogRow) throws {
        guard let event = try? resolver.resolve(row.event, received: nil) else {
            statistics.skipped.add(1, ordering: .relaxed)
            return
        }
        let entities = event.entities(definitions, tenant: row.tenant)
        try cache.holding(entities.map(\.key)) {
            for entity in entities {
                let cached = try state(entity, before: row.sequence)
                // One process writes, and gives out sequences in the order in which it applies
                // them to an entity: what is not above the highest is in the state.
                guard row.sequence > cached.state.highestSequence else { continue }
                _ = cached.state.apply(
                    event.engineEvent, touches: entity.touches, sequence: row.sequence,
                    delivery: .again)
                cache.stripes[cache.stripe(of: entity.key)].markDirty(cached)
            }
        }
        statistics.recovered.add(1, ordering: .relaxed)
    }

    /// The state of an entity, rebuilt from the log if its blob is damaged. Its stripe is held.
    func state(_ entity: EntityReference, before sequence: UInt64) throws -> CachedState {
        do {
            return try cache.state(entity)
        } catch .unavailable(let error) {
            throw error
        } catch .unreadable {
            let state = try log.rebuild(
                entity, from: cache.empty(entity), before: sequence)
            statistics.rebuilt.add(1, ordering: .relaxed)
            return cache.replace(entity, with: state)
        }
    }

    private func checkFormat() throws {
        switch try meta(StorageKey.format) {
        case StorageKey.formatVersion: return
        case nil:
            var batch = WriteBatch()
            batch.put(StorageKey.format, StorageKey.formatVersion, in: .meta)
            try store.write(batch, sync: true)
        case let other?:
            throw StorageError(
                .corrupt,
                "the directory has the format \(String(decoding: other, as: UTF8.self));"
                    + " this program reads 1")
        }
    }

    private func meta(_ key: [UInt8]) throws -> [UInt8]? { try store.get(key, in: .meta) }

    private func deleteStates() throws {
        while true {
            var batch = WriteBatch()
            for row in try store.rows(.state, limit: 10_000) { batch.delete(row.key, in: .state) }
            guard !batch.isEmpty else { break }
            try store.write(batch, sync: false)
        }
        var batch = WriteBatch()
        batch.delete(StorageKey.applied, in: .meta)
        try store.write(batch, sync: true)
    }
}

/// Gives out the places of the log, each once.
private final class SequenceCounter: Sendable {
    private let last = Atomic<UInt64>(0)

    var value: UInt64 { last.load(ordering: .acquiring) }

    func next() -> UInt64 { last.add(1, ordering: .acquiringAndReleasing).newValue }

    /// Before anything is given out.
    func raise(to value: UInt64) {
        if value > self.value { last.store(value, ordering: .releasing) }
    }
}
