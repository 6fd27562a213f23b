internal import AssayMessages
internal import FeatureEngine
internal import Storage
internal import Synchronization
internal import Wire

/// States that are made for other definitions while those in force go on serving: what others see of
/// it. ``BackfillRun`` does the work.
final class Backfill: Sendable {
    let target: ActiveDefinitions
    /// Held while events are applied to the states that are made: whoever must know that none is on
    /// its way takes it.
    let applying = Mutex<Void>(())
    private let state: Mutex<AssayFeaturesV1.Backfill>
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ target: ActiveDefinitions, _ begun: AssayFeaturesV1.Backfill) {
        self.target = target
        state = Mutex(begun)
    }

    var progress: AssayFeaturesV1.Backfill { state.withLock { $0 } }

    func report(_ change: (inout AssayFeaturesV1.Backfill) -> Void) {
        state.withLock { change(&$0) }
    }

    func start(_ body: @escaping @Sendable () async -> Void) {
        task.withLock { $0 = Task.detached(operation: body) }
    }

    /// Ends the work where it is: it goes on when the store is opened again.
    func cancel() { task.withLock { $0 }?.cancel() }

    func finished() async { await task.withLock { $0 }?.value }
}

/// A step of a backfill, where tests look in.
enum BackfillStep: String, CaseIterable, Sendable {
    /// Some of the log is replayed.
    case replayed
    /// Events go to both generations from here on.
    case doubled
    /// The replay has met them.
    case met
    /// Some entities were compared.
    case compared
    /// The new definitions are in force.
    case switched
}

/// How a backfill goes about its work.
struct BackfillConfiguration: Sendable {
    /// Of one core, while the log is replayed.
    var share = 0.25
    /// Rows replayed in one piece.
    var rows = 256
    /// So near to the end of the log, events begin to go to both generations.
    var nearRows: UInt64 = 2_000
    /// Events that wait for the replay at most.
    var tailEvents = 20_000
    /// What they hold in memory at most.
    var tailBytes = 64 << 20
    /// Entities compared per type and tenant at most.
    var sampledEntities = 1_000
    /// Before it goes on after an error of the disk that may pass.
    var pause: Duration = .seconds(10)
    /// How long what was in force can be gone back to quickly, in milliseconds.
    var retention: Int64 = 86_400_000
    var watch: (@Sendable (BackfillStep) async throws -> Void)?
}

extension EmbeddedFeatureStore {
    /// Begins to make states for `set`. The register is locked.
    func startBackfill(
        to set: DefinitionSet, _ order: DefinitionOrder, _ active: ActiveDefinitions,
        _ state: inout DefinitionRegister.State
    ) throws {
        try checkReference(active.definitions, set)
        guard state.doomed[set.generation] == nil else { throw DefinitionOrder.isDropping }
        let begun = AssayFeaturesV1.Backfill(
            planHash: order.planHash, definitionSet: set.hash, phase: .replaying,
            started: active.pipeline.clock())
        var row = state.row
        row.backfill = begun
        // The states may have been in use before, and are to stay.
        row.retired.removeAll { $0.generation == set.generation }
        try register.store(row, order.sources, of: set.hash)
        state.row = row
        state.backfill = try backfill(to: set, begun, active)
    }

    /// Filters of events go by lists and parameters: of events that were counted by others, states
    /// made anew would say something else.
    private func checkReference(_ before: DefinitionSet, _ after: DefinitionSet) throws {
        let changed = before.reference.hashes.filter { name, hash in
            after.reference.hashes[name].map { $0 != hash } ?? false
        }
        guard changed.isEmpty else {
            throw DefinitionOrder.mixesReference(changed.keys.sorted())
        }
    }

    /// Goes on with what was under way when the store was closed.
    func resumeBackfill() throws {
        try register.state.withLock { state in
            guard let begun = state.row.backfill, begun.isUnderWay else { return }
            let set = try DefinitionStart.compiled(begun.definitionSet, register.archive)
            state.backfill = try backfill(to: set, begun, active)
        }
    }

    private func backfill(
        to set: DefinitionSet, _ begun: AssayFeaturesV1.Backfill, _ active: ActiveDefinitions
    ) throws -> Backfill {
        let applied = try appliedPosition(of: set.generation) ?? 0
        let pipeline = EventPipeline(set, following: active.pipeline)
        let target = ActiveDefinitions(
            pipeline,
            vault: RowVault(set, keys: pipeline.keys, subjects: active.vault.subjects),
            records: records, store: store,
            position: AppliedPosition(lastSequence, heldAt: applied),
            cacheBytes: configuration.cacheBytes / 4, roundEvents: configuration.roundEvents)
        let backfill = Backfill(target, begun)
        backfill.start { [weak self] in
            guard let self else { return }
            await BackfillRun(self, backfill, from: applied).run()
        }
        return backfill
    }

    /// The place in the log up to which the stored states of a generation have the events.
    func appliedPosition(of generation: [UInt8]) throws -> UInt64? {
        try store.get(StorageKey.applied(generation), in: .meta).flatMap {
            StorageKey.sequence($0)
        }
    }
}
