internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
internal import Synchronization
internal import Wire

/// Makes the states of other definitions from the log, meets the events that are recorded meanwhile,
/// compares, and brings the definitions into force.
///
/// The states are brought forward strictly in the order of the log, by this task alone, so that they
/// are those of a clean replay. Near its end the store hands over each event that it records; from
/// then on nothing is read from the log. Nobody waits for this but at the very end, when all
/// entities are held while the last events are applied and the definitions exchanged.
final class BackfillRun {
    let features: EmbeddedFeatureStore
    let backfill: Backfill
    let target: ActiveDefinitions
    private let configuration: BackfillConfiguration
    /// Every event up to here is in the states.
    private var position: UInt64
    /// Entities that are compared when their states have come to the same event.
    var expected: [StateKey: Expected] = [:]
    var comparisons: [String: FeatureComparison] = [:]
    /// Whether there are entities of which it must be told whose they are.
    private let hasNewEntities: Bool
    private var isInForce = false

    struct Expected {
        let reference: EntityReference
        let entity: String
        let state: FeatureState
    }

    init(_ features: EmbeddedFeatureStore, _ backfill: Backfill, from position: UInt64) {
        self.features = features
        self.backfill = backfill
        target = backfill.target
        configuration = features.configuration.backfill
        self.position = position
        let known = features.definitions.subjects
        hasNewEntities = target.definitions.subjects.contains { known[$0.key] != $0.value }
    }

    func run() async {
        do {
            while true {
                do {
                    try await replayAndFollow()
                    try await compare()
                    return try await bringIntoForce()
                } catch is TailOverflow {
                    log("backfill: events came faster than they could be taken")
                    goBackToLog()
                } catch let error as StorageError where error.isPassing && !isInForce {
                    log("backfill: \(error); tries again")
                    goBackToLog()
                    try await Task.sleep(for: configuration.pause)
                }
            }
        } catch is CancellationError {
            // It goes on when the store is opened again.
        } catch let error as StorageError where error.code == .closed {
        } catch {
            // Once they are in force, it is only the last round of the states before that failed.
            if isInForce { log("backfill: \(error)") } else { await stop("\(error)") }
        }
    }

    /// What the tail had, or was handed and is in part applied, is in the log behind the position.
    private func goBackToLog() {
        features.exchange { $0.tail == nil ? $0 : $0.with(nil) }
        expected = [:]
    }

    func step(_ step: BackfillStep) async throws {
        try Task.checkCancellation()
        try await configuration.watch?(step)
    }

    private func log(_ text: String) { features.configuration.log(text) }

    // MARK: The log

    private func replayAndFollow() async throws {
        log("backfill: replays the log from \(position) to \(features.lastSequence.value)")
        report(.replaying)
        var share = configuration.share
        while true {
            let end = try await safeEnd()
            let isNear = end - position <= configuration.nearRows
            try await replay(through: end, share: isNear ? 1 : share)
            if isNear { return try await follow() }
            // Events that come as fast as they are replayed must not keep this from its end.
            share = min(1, share * 2)
        }
    }

    /// The last event of which it is sure that it, and every event before it, is in the log.
    ///
    /// An event is given its place, and handed to the log and to the tail, while its entities are
    /// held: who has held each stripe once after looking has seen all of these.
    private func safeEnd() async throws -> UInt64 {
        let end = passedEnd()
        try await settled()
        return end
    }

    /// Waits until everything that was submitted is in the log.
    private func settled() async throws {
        while true {
            do throws(StorageError) {
                return try await features.records.commit(WriteBatch())
            } catch  where error.code == .busy {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    private func passedEnd() -> UInt64 {
        let end = features.lastSequence.value
        for stripe in features.active.states.stripes { stripe.locked { _ in } }
        return end
    }

    private func replay(through end: UInt64, share: Double) async throws {
        while position < end {
            let began = ContinuousClock.now
            try replayPart(through: end)
            let worked = began.duration(to: .now)
            backfill.report {
                $0.replayed = position
                $0.lastSequence = features.lastSequence.value
            }
            target.position.hold(at: position)
            if target.states.dirtyBytes > features.configuration.cacheBytes / 16 {
                try await target.writer.flush()
            }
            try await step(.replayed)
            if share < 1 { try await Task.sleep(for: worked * (1 / share - 1)) }
        }
        try await target.writer.flush()
    }

    private func replayPart(through end: UInt64) throws {
        try backfill.applying.withLock { _ in
            var count = 0
            var last = position
            try target.log.scan(after: position) { row in
                guard row.sequence <= end else {
                    last = end
                    return false
                }
                last = row.sequence
                if let event = target.pipeline.resolved(row) {
                    if hasNewEntities { try index(row) }
                    try apply(
                        event, tenant: row.tenant, sequence: row.sequence,
                        received: row.received.millisecondsSinceEpoch)
                }
                count += 1
                return count < configuration.rows
            }
            position = count < configuration.rows ? end : last
        }
    }

    // MARK: Both generations

    private func follow() async throws {
        let tail = EventTail(
            maximumCount: configuration.tailEvents, maximumBytes: configuration.tailBytes)
        features.exchange { $0.with(tail) }
        report(.following)
        let end = try await safeEnd()
        try await step(.doubled)
        try await replay(through: end, share: 1)
        try drain(tail)
        try await step(.met)
    }

    /// Applies what was recorded since the last time. The order is that of the log, without gaps.
    func drain(_ tail: EventTail) throws {
        try backfill.applying.withLock { _ in
            try apply(tail.take(through: passedEnd()))
        }
        if tail.isOverflown { throw TailOverflow() }
        target.position.hold(at: position)
    }

    private func apply(_ recorded: [EventTail.Recorded]) throws {
        for one in recorded where one.sequence > position {
            let scoring = one.scoring
            if let event = target.pipeline.replayed(scoring) {
                if hasNewEntities {
                    // The vault in force does not know them when it seals the row.
                    try index(
                        AssayFeaturesV1.LogRow(
                            sequence: one.sequence, tenant: scoring.tenant, event: scoring.event,
                            received: scoring.received, references: scoring.references))
                }
                try apply(
                    event, tenant: scoring.tenant, sequence: one.sequence, received: scoring.now)
            }
            position = one.sequence
        }
        backfill.report {
            $0.replayed = position
            $0.lastSequence = features.lastSequence.value
        }
    }

    private func apply(
        _ event: ResolvedEvent, tenant: String, sequence: UInt64, received: Int64
    ) throws {
        let entities = event.entities(target.definitions, tenant: tenant)
        try target.states.holding(entities.map(\.key)) {
            for entity in entities {
                let cached = try features.state(entity, target, at: received, before: sequence)
                guard sequence > cached.state.highestSequence else { continue }
                try compareIfExpected(entity.key, cached.state)
                target.states.apply(
                    event.engineEvent, touches: entity.touches, sequence: sequence,
                    delivery: .again, to: cached)
            }
        }
    }

    /// Tells whose the entities are that the definitions in force did not know.
    private func index(_ row: AssayFeaturesV1.LogRow) throws {
        var batch = WriteBatch()
        let pending = target.vault.index(row, &batch)
        guard !batch.isEmpty else { return }
        try features.store.write(batch, sync: false)
        target.vault.subjects.confirm(pending)
    }

    // MARK: The end

    private func bringIntoForce() async throws {
        if let tail = features.active.tail { try drain(tail) }
        try await target.writer.flush()
        let before = features.active
        let commit = try features.register.state.withLock { state in
            if let tail = before.tail { try drain(tail) }
            return try before.states.holdingAll {
                try exchange(before, &state)
            }
        }
        isInForce = true
        try await commit?.wait()
        features.register.state.withLock { $0.isSwitching = false }
        log(
            "backfill: in force are the definitions \(target.definitions.hash.hexadecimal), after"
                + " \(backfill.progress.values) equal values of \(backfill.progress.entities)"
                + " entities")
        try await step(.switched)
        try await before.writer.flush()
        before.states.removeStored()
    }

    /// All entities are held: nothing is recorded meanwhile.
    private func exchange(
        _ before: ActiveDefinitions, _ state: inout DefinitionRegister.State
    ) throws -> GroupCommit.Commit? {
        try backfill.applying.withLock { _ in
            guard let tail = before.tail else { return }
            try apply(tail.take(through: .max))
            if tail.isOverflown { throw TailOverflow() }
        }
        let now = target.pipeline.clock()
        var row = state.row
        row.retired.append(
            AssayFeaturesV1.RetiredGeneration(
                generation: before.generation, definitionSet: before.definitions.hash,
                until: Timestamp(
                    milliseconds: now.millisecondsSinceEpoch + configuration.retention)))
        row.active = target.definitions.hash
        row.planHash = backfill.progress.planHash
        row.applied = now
        backfill.report { $0.phase = .done }
        row.backfill = backfill.progress
        var batch = WriteBatch()
        features.register.archive.put(row, to: &batch)
        let commit = try features.records.submit(batch)
        before.position.hold(at: features.lastSequence.value)
        target.position.release()
        target.states.resize(maximumBytes: features.configuration.cacheBytes)
        features.definitionsInForce.replace(with: target)
        state.row = row
        state.backfill = nil
        state.isSwitching = commit != nil
        return commit
    }

    /// The definitions before stay in force; what was made is dropped.
    private func stop(_ problem: String) async {
        goBackToLog()
        backfill.report {
            $0.phase = .stopped
            $0.problem = problem.limited(to: 2_048)
        }
        log("backfill: stopped: \(problem)")
        features.register.state.withLock { state in
            state.row.backfill = backfill.progress
            state.doomed[target.generation] = .waiting
        }
        // An erasure that is under way may be storing states of it.
        try? await features.erasureGate.next { [features, backfill] in
            features.dropDoomedGenerations()
            features.register.state.withLock { state in
                if state.backfill === backfill { state.backfill = nil }
            }
        }
    }

    func report(_ phase: AssayFeaturesV1.BackfillPhase) {
        backfill.report { $0.phase = phase }
        log("backfill: \(phase) at event \(position)")
    }
}

/// More events were recorded than wait for a backfill.
private struct TailOverflow: Error {}

extension StorageError {
    /// Whether what failed may go well later, with nothing changed but the state of the disk.
    fileprivate var isPassing: Bool {
        switch code {
        case .busy, .full, .io: true
        case .closed, .corrupt, .locked, .otherVersion, .unknownFamily: false
        }
    }
}

extension DefinitionSet {
    /// By entity type, the type of its subject.
    fileprivate var subjects: [String: String] {
        Dictionary(
            uniqueKeysWithValues: entities.map { entity in
                (entity.name, entity.subject.map { entities[$0].name } ?? "")
            })
    }
}
