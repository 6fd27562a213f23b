public import AssayMessages
internal import Dispatch
public import Storage
internal import Synchronization
public import Wire

/// The first time each unit met an arm: written behind the calls, and made again from the decision
/// log at any time.
///
/// The log is the truth: an exposure is sealed with its decision. This index only answers faster. So
/// a call never waits for it: what does not fit into its queue is dropped and counted.
public final class ExposureIndex: Sendable {
    /// Exposures that wait to be written; more are dropped.
    static let maximumPending = 65_536
    /// Rows that are known to say all that a further call of the unit would.
    static let maximumKnown = 262_144
    private static let batch = 1_024

    public struct Health: Sendable, Hashable {
        /// Exposures that found no room, or that the store refused.
        public var dropped = 0
        public var written = 0
        public var pending = 0
    }

    private struct State {
        var pending: [AssayModelsV1.Exposure] = []
        var isWriting = false
        var health = Health()
        var counts = ExposureCounts()
        var generation: UInt32 = 1
        /// The generation of a rebuild in progress.
        var rebuilding: UInt32?
    }

    let store: ExposureStore
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "assay.models.exposures", qos: .utility)
    /// The earliest time that the index knows of each.
    private let known = Mutex<[KnownExposure: Timestamp]>([:])

    /// What the index says already of a unit.
    private struct KnownExposure: Hashable {
        var experiment: String
        var epoch: UInt32
        var unit: UInt64
        var arm: String
        var flags: UInt8

        init(_ exposure: AssayModelsV1.Exposure) {
            experiment = exposure.experiment
            epoch = exposure.epoch
            unit = exposure.unitHash
            arm = exposure.arm
            flags =
                (exposure.forced ? 1 : 0) | (exposure.fallback ? 2 : 0) | (exposure.failed ? 4 : 0)
        }
    }

    /// The family of rows that the store must be opened with.
    public static let families: [Family] = [ExposureStore.family]

    /// Counts what is there. Blocks.
    public init(store: any KeyValueStore, tenant: String = "default") throws {
        let rows = ExposureStore(store, tenant: tenant)
        self.store = rows
        var state = State()
        state.generation = try rows.generation()
        try rows.removeAll(but: state.generation)
        try rows.scan(state.generation) { state.counts.replace(nil, with: $0) }
        self.state = Mutex(state)
    }

    public var health: Health {
        state.withLock { state in
            var health = state.health
            health.pending = state.pending.count
            return health
        }
    }

    func units(_ experiment: String, epoch: UInt32) -> ExposureCounts.Units {
        state.withLock { $0.counts.units(experiment, epoch: epoch) }
    }

    // MARK: Recording

    /// Takes note of the arms that a call met. Never waits.
    public func record(
        _ assignments: [AssayModelsV1.Assignment], at time: Timestamp, requestID: String
    ) {
        for assignment in assignments {
            guard
                let exposure = AssayModelsV1.Exposure(assignment, at: time, requestID: requestID),
                isNews(exposure)
            else { continue }
            submit(exposure)
        }
    }

    /// Merges what sealed decisions say, and returns when it is written.
    func write(_ exposures: [AssayModelsV1.Exposure]) async throws {
        guard !exposures.isEmpty else { return }
        try await onQueue {
            let generations = self.state.withLock { state in
                [state.generation] + (state.rebuilding.map { [$0] } ?? [])
            }
            for generation in generations { try self.merge(exposures, into: generation) }
        }
    }

    /// Whether the unit was not seen like this before, or only later.
    private func isNews(_ exposure: AssayModelsV1.Exposure) -> Bool {
        let key = KnownExposure(exposure)
        return known.withLock { known in
            if let time = known[key], time <= exposure.firstAt { return false }
            if known.count >= Self.maximumKnown { known.removeAll(keepingCapacity: true) }
            known[key] = exposure.firstAt
            return true
        }
    }

    private func submit(_ exposure: AssayModelsV1.Exposure) {
        let (isTaken, isFirst) = state.withLock { state in
            guard state.pending.count < Self.maximumPending else {
                state.health.dropped += 1
                return (false, false)
            }
            state.pending.append(exposure)
            defer { state.isWriting = true }
            return (true, !state.isWriting)
        }
        if !isTaken { known.withLock { $0[KnownExposure(exposure)] = nil } }
        if isFirst { queue.async { self.writePending() } }
    }

    /// On the queue.
    private func writePending() {
        while true {
            let (exposures, generations) = state.withLock { state in
                let exposures = Array(state.pending.prefix(Self.batch))
                state.pending.removeFirst(exposures.count)
                state.isWriting = !exposures.isEmpty
                return (exposures, [state.generation] + (state.rebuilding.map { [$0] } ?? []))
            }
            guard !exposures.isEmpty else { return }
            do {
                for generation in generations { try merge(exposures, into: generation) }
                state.withLock { $0.health.written += exposures.count }
            } catch {
                // Gone from here, not from the log: a rebuild brings them back.
                state.withLock { $0.health.dropped += exposures.count }
                known.withLock { $0.removeAll() }
            }
        }
    }

    /// Merges with the rows that are there. On the queue.
    func merge(
        _ exposures: [AssayModelsV1.Exposure], into generation: UInt32
    ) throws {
        var merged: [[UInt8]: AssayModelsV1.Exposure] = [:]
        for exposure in exposures {
            let key = store.key(exposure, generation)
            merged[key] = merged[key]?.merged(with: exposure) ?? exposure
        }
        let keys = Array(merged.keys)
        var rows: [(key: [UInt8], exposure: AssayModelsV1.Exposure)] = []
        var changes: [(old: AssayModelsV1.Exposure?, new: AssayModelsV1.Exposure)] = []
        for (key, old) in zip(keys, try store.get(keys)) {
            guard let exposure = merged[key] else { continue }
            let new = old?.merged(with: exposure) ?? exposure
            guard new != old else { continue }
            rows.append((key, new))
            changes.append((old, new))
        }
        guard !rows.isEmpty else { return }
        try store.put(rows)
        state.withLock { state in
            guard state.generation == generation else { return }
            for change in changes { state.counts.replace(change.old, with: change.new) }
        }
    }

    // MARK: Reading

    /// Every exposure of an epoch, by the hash of its unit. Blocks, and waits for what was recorded
    /// before.
    public func exposures(
        of experiment: String, epoch: UInt32, _ body: (AssayModelsV1.Exposure) throws -> Void
    ) throws {
        drain()
        let generation = state.withLock { $0.generation }
        try store.scan(generation, experiment: (experiment, epoch), body)
    }

    /// Returns when everything recorded before is written. Blocks.
    public func drain() {
        queue.sync {
            let isIdle = state.withLock { $0.pending.isEmpty }
            if !isIdle { writePending() }
        }
    }

    // MARK: Rebuilding

    /// Begins an index that is made anew. What calls record meanwhile goes into both; the old one is
    /// read until the new one is whole.
    ///
    /// - Throws: `busy` while another rebuild is under way.
    public func beginRebuild() throws -> ExposureRebuild {
        let generation = try state.withLock { state in
            guard state.rebuilding == nil else {
                throw StorageError(.busy, "the index is being rebuilt already")
            }
            let next = state.generation &+ 1
            state.rebuilding = next
            return next
        }
        return ExposureRebuild(self, generation)
    }

    /// Runs on the queue that writes.
    func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// On the queue.
    func finishRebuild(_ generation: UInt32) throws -> UInt64 {
        var counts = ExposureCounts()
        var units: UInt64 = 0
        try store.scan(generation) { exposure in
            counts.replace(nil, with: exposure)
            units += 1
        }
        try store.use(generation)
        state.withLock { state in
            state.generation = generation
            state.rebuilding = nil
            state.counts = counts
        }
        return units
    }

    /// On the queue.
    func abandonRebuild() throws {
        let generation = state.withLock { state in
            state.rebuilding = nil
            return state.generation
        }
        try store.removeAll(but: generation)
    }
}
