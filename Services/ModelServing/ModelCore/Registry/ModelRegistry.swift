public import AssayMessages
internal import Dispatch
internal import RPC
public import Storage
internal import Synchronization
public import Wire

/// Model files, their versions and aliases: every change is checked, chained, durable, and then
/// published as a snapshot.
///
/// Changes of one model run one after the other, off the event loops; readers take the current
/// snapshot and never wait for a change.
public final class ModelRegistry: Sendable {
    /// Model files that are being checked, and their bytes; more are refused.
    static let maximumPendingChecks = 64
    static let maximumPendingBytes = 256 << 20
    /// How long the answer to a request id is remembered.
    static let requestLifetimeMilliseconds: Int64 = 86_400_000
    /// How often a change is computed again because another process changed the same model.
    static let maximumAttempts = 16

    let rows: RegistryRows
    let store: any RegistryStore
    let artifacts: any ArtifactStore
    let loader: VersionLoader
    let now: @Sendable () -> Timestamp
    /// What an alias asks for if no file says it.
    let standardPolicy: @Sendable (String) -> AssayModelsV1.AliasPolicy

    /// What answers calls.
    package let serving: SnapshotCell<ServingSnapshot>
    /// Shadows that run.
    let shadows = ShadowBoard()
    /// Since when this process counts; a version does since it was loaded.
    let openedAt: Timestamp

    /// Rings whenever something new is shown.
    let bell = RegistryBell()
    let watchers = Turnstile(limit: ModelRegistry.maximumWatchers)
    let receptions = Turnstile(limit: ModelRegistry.maximumReceptions)
    /// Where the store's changes stood before the recovery; nil if only this process writes to it.
    let recoveredPosition: UInt64?

    private let lanes = ChangeLanes()
    let loads = PendingLoads()
    /// Turns of loads that only calls ask for.
    let loadLanes = ChangeLanes()
    private let failures = Mutex(FailureFollower())
    private let shelfLimits: VersionShelf.Limits
    /// Bytes of a model file that comes in parts.
    let largestUpload: Int
    /// Parses, compiles and replays; one file at a time, so that serving keeps its processors.
    private let checks = QuietThread()
    /// Proves versions that aliases move to, however many files are being checked.
    private let moves = QuietThread(isUrgent: true)
    /// Reads what speaks for a move; a rollback asks for none and does not wait for it.
    private let evidence = QuietThread()
    /// Takes the parts of files that come in parts.
    let disk = DispatchQueue(label: "assay.models.registry.disk", attributes: .concurrent)
    private let pending = Mutex((checks: 0, bytes: 0))
    private let current: Mutex<RegistrySnapshot>

    /// Recovers what the store holds. Versions in use are loaded: hashed, parsed, compiled, and their
    /// golden rows replayed again; others when a call names them.
    ///
    /// - Throws: if the store cannot be read, or its chain of events was altered. A damaged
    ///   artifact is no error here: its version answers UNAVAILABLE, and `snapshot.damagedAliases`
    ///   says whether the service may be called ready.
    package init(
        over store: any RegistryStore, artifacts: any ArtifactStore,
        shelf: VersionShelf.Limits = .init(), largestUpload: Int = ArtifactFolder.maximumBytes,
        standardPolicy: @escaping @Sendable (String) -> AssayModelsV1.AliasPolicy =
            AliasPolicies.standard,
        now: @escaping @Sendable () -> Timestamp
    ) async throws {
        self.store = store
        rows = RegistryRows(store)
        self.artifacts = artifacts
        loader = VersionLoader(rows, artifacts)
        shelfLimits = shelf
        self.largestUpload = largestUpload
        self.now = now
        openedAt = now()
        recoveredPosition = try await store.movedChains(since: .max)?.position
        self.standardPolicy = standardPolicy
        let recovered = try await Self.recover(loader)
        current = Mutex(recovered)
        serving = SnapshotCell(ServingSnapshot(recovered))
        for (name, model) in recovered.models { shadows.show(model.sortedLanes, of: name) }
    }

    /// A registry whose rows stand in a store of this process alone.
    ///
    /// - Parameter standardPolicy: what an alias asks of versions if no file says it.
    public convenience init(
        store: any KeyValueStore, artifacts: any ArtifactStore, tenant: String = "default",
        standardPolicy: @escaping @Sendable (String) -> AssayModelsV1.AliasPolicy =
            AliasPolicies.standard,
        now: @escaping @Sendable () -> Timestamp
    ) async throws {
        try await self.init(
            over: EmbeddedRegistryStore(store, tenant: tenant), artifacts: artifacts,
            standardPolicy: standardPolicy, now: now)
    }

    /// The picture to answer from.
    public var snapshot: RegistrySnapshot { current.withLock { $0 } }

    // MARK: Changes

    /// Computes a change of a chain and commits it: rows, events, the answer to the request id and the
    /// new head, all or nothing. If the chain moves meanwhile, the change is computed again.
    ///
    /// - Parameters:
    ///   - request: what the id stands for: the same id and request are answered the same, for a day.
    ///   - published: called after the commit, in the order of the chain's changes.
    func change<Answer: WireMessage>(
        _ chain: String, _ requestID: String, _ request: [UInt8],
        _ body: (inout RegistryTransaction) async throws -> Answer,
        published: (RegistryTransaction, Answer) -> Void
    ) async throws -> Answer {
        guard 1...64 ~= requestID.utf8.count else {
            throw RPCError.invalid("request_id", "expected 1 to 64 bytes")
        }
        return try await Self.translated {
            try await lanes.run(chain) {
                for _ in 0..<Self.maximumAttempts {
                    let known = try await remembered(chain, requestID, request)
                    let shown = self.known(chain).sequence
                    var transaction = try await RegistryTransaction(store, chain, now: now())
                    try Self.check(transaction, isNotBehind: shown)
                    // Others may have changed it, or a commit of ours that seemed to fail.
                    try await catchUp(chain, to: transaction.head)
                    if let known { return try Answer(decoding: known, door: .strict) }
                    let answer = try await body(&transaction)
                    transaction.remember(
                        RememberedAnswer(
                            requestID: requestID, milliseconds: now().millisecondsSinceEpoch,
                            request: request, response: answer.encoded()))
                    guard try await store.commit(transaction.finished) else { continue }
                    published(transaction, answer)
                    return answer
                }
                throw RPCError(
                    .aborted, "\"\(chain)\" was changed at the same time, again and again")
            }
        }
    }

    /// Refuses to build on a store that has lost what was acknowledged and is shown.
    private static func check(
        _ transaction: RegistryTransaction, isNotBehind shown: UInt64
    ) throws(RPCError) {
        let sequence = transaction.head.nextSequence - 1
        guard sequence < shown else { return }
        throw RPCError(
            .failedPrecondition,
            "the registry's store has lost changes of \"\(transaction.chain)\": it ends at event "
                + "\(sequence), event \(shown) was acknowledged. Bring back what it held; or, to go "
                + "on with what it still has, start every process of the registry again",
            reason: "store_behind")
    }

    func remembered(
        _ chain: String, _ requestID: String, _ request: [UInt8]
    ) async throws -> [UInt8]? {
        let oldest = now().millisecondsSinceEpoch - Self.requestLifetimeMilliseconds
        return try await rows.answer(chain, requestID, of: request, after: oldest)
    }

    /// Shows readers what a committed change did to its model.
    func publish(
        _ transaction: RegistryTransaction, _ change: (inout RegistrySnapshot.Model) -> Void
    ) {
        defer { bell.ring() }
        amend { snapshot in
            let shown = snapshot.models[transaction.chain]?.sequence ?? 0
            // Who follows the store may have shown it already.
            guard transaction.events.first?.sequence == shown + 1 else { return [] }
            change(&snapshot.models[transaction.chain, default: .init()])
            for event in transaction.events {
                snapshot.models[transaction.chain]?.changed(by: event)
                snapshot.generation += 1
            }
            if transaction.events.contains(where: { $0.kind == .experimentChanged }) {
                refreshAssignments(&snapshot)
            }
            return [transaction.chain]
        }
    }

    /// Changes the picture, and shows it to readers.
    ///
    /// - Parameter body: returns the models that it changed. What they no longer use leaves if there is
    ///   no room for it, and what they use now and nobody has loaded is loaded.
    func amend(_ body: (inout RegistrySnapshot) -> Set<String>) {
        let missing = current.withLock { snapshot in
            let names = body(&snapshot)
            for name in names { snapshot.models[name]?.refreshLanes() }
            var shown = names
            for name in names.sorted() {
                shown.formUnion(snapshot.shelve(name, shelfLimits))
            }
            serving.publish(ServingSnapshot(serving.latest, showing: shown, of: snapshot))
            for name in names.sorted() {
                shadows.show(snapshot.models[name]?.sortedLanes ?? [], of: name)
            }
            return names.sorted().map { ($0, snapshot.models[$0]?.missing ?? []) }
        }
        for (name, numbers) in missing { warm(name, numbers) }
    }

    /// Shows readers a committed holdout.
    func publish(
        _ transaction: RegistryTransaction, _ holdout: AssayModelsV1.HoldoutRecord
    ) {
        current.withLock { snapshot in
            let known = snapshot.sharedSequences[transaction.chain] ?? 0
            guard transaction.events.first?.sequence == known + 1 else { return }
            snapshot.holdouts[holdout.specification.holdout] = holdout
            snapshot.sharedSequences[transaction.chain] = known + 1
            snapshot.generation += 1
            refreshAssignments(&snapshot)
            serving.publish(ServingSnapshot(serving.latest, of: snapshot))
        }
    }

    /// Has replies say whether the picture may be old.
    func setStale(_ isStale: Bool) {
        current.withLock { snapshot in
            serving.publish(ServingSnapshot(snapshot, isStale: isStale))
        }
    }

    /// Counts a committed change of what models share, where readers see nothing of it.
    func publishShared(_ transaction: RegistryTransaction) {
        defer { bell.ring() }
        current.withLock { snapshot in
            let known = snapshot.sharedSequences[transaction.chain] ?? 0
            guard transaction.events.first?.sequence == known + 1 else { return }
            let count = UInt64(transaction.events.count)
            snapshot.sharedSequences[transaction.chain] = known + count
            snapshot.generation += count
            serving.publish(ServingSnapshot(serving.latest, of: snapshot))
        }
    }

    /// Every experiment compiled when it was applied; one that no longer does keeps the table before.
    func refreshAssignments(_ snapshot: inout RegistrySnapshot) {
        do {
            try snapshot.refreshAssignments()
        } catch {
            assertionFailure("an applied experiment does not compile: \(error)")
        }
    }

    /// Has every event loop look at a new picture, so that those without calls let go of the old one.
    public func showEverywhere(
        _ onEveryLoop: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        serving.reach(onEveryLoop)
    }

    private struct FailureFollower {
        var tell: (@Sendable (RegistrySnapshot.Damage) -> Void)?
    }

    /// Has somebody told of every version that a call named and that cannot be loaded.
    public func followFailures(_ follower: @escaping @Sendable (RegistrySnapshot.Damage) -> Void) {
        failures.withLock { $0.tell = follower }
    }

    func tellFailure(_ damage: RegistrySnapshot.Damage) {
        failures.withLock { $0.tell }?(damage)
    }

    // MARK: Work

    /// Which thread does what only the changes of aliases wait for.
    enum Errand { case moves, evidence }

    /// Runs what a change of an alias needs, off the event loops. Changes that wait are bounded by
    /// their lanes.
    func work<Result: Sendable>(
        _ errand: Errand, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let thread = errand == .moves ? moves : evidence
        return try await withCheckedThrowingContinuation { continuation in
            thread.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// Runs what takes processor time or waits for the disk, off the event loops.
    func work<Result: Sendable>(
        bytes: Int, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let isWelcome = pending.withLock { pending in
            let isWelcome =
                pending.checks < Self.maximumPendingChecks
                && (pending.bytes + bytes <= Self.maximumPendingBytes || pending.checks == 0)
            if isWelcome { pending = (pending.checks + 1, pending.bytes + bytes) }
            return isWelcome
        }
        guard isWelcome else {
            throw RPCError(.resourceExhausted, "too many changes of the registry are waiting")
        }
        defer { pending.withLock { $0 = ($0.checks - 1, $0.bytes - bytes) } }
        return try await withCheckedThrowingContinuation { continuation in
            checks.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// Files that are being checked, or wait for it.
    var pendingChecks: Int { pending.withLock { $0.checks } }

    /// Failures of the disk are UNAVAILABLE: the caller may try again with the same request id.
    static func translated<Result>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as StorageError {
            throw RPCError(
                code: .unavailable, message: "the registry's store failed: \(error)", cause: error)
        } catch let error as ArtifactError {
            throw RPCError(
                code: .unavailable, message: "the artifact store failed: \(error)", cause: error)
        }
    }
}
