package import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
internal import Synchronization
package import Wire

extension EmbeddedFeatureStore {
    package func begin(_ scoring: Scoring) async throws -> Recording {
        let id = StorageKey.event(scoring.event.id, tenant: scoring.tenant)
        try inFlight.claim(id)
        do {
            let digest = scoring.resolved.key.digest(of: scoring.event.encoded())
            if let known = try known(id, digest, scoring) {
                inFlight.release(id)
                return .done(known)
            }
            let (scoring, response, commit) = try record(scoring, id, digest)
            guard let commit else {
                finish(id, isRecorded: response.receipt.outcome != .notRecorded)
                return .done(response)
            }
            let sequence = response.receipt.sequence
            inFlight.submitted(id, InFlightEvents.Submitted(scoring: scoring, sequence: sequence))
            // Whether or not the caller is still there to wait for it.
            commit.whenDone { [self] result in
                if case .failure(let error) = result { lost(scoring, error) }
                finish(id, isRecorded: (try? result.get()) != nil)
            }
            return .underway {
                do {
                    try await commit.wait()
                    return response
                } catch {
                    return scoring.pipeline.notRecorded(scoring, because: error)
                }
            }
        } catch {
            inFlight.release(id)
            throw error
        }
    }

    private func finish(_ id: [UInt8], isRecorded: Bool) {
        if isRecorded { statistics.applied.count() } else { statistics.notRecorded.count() }
        inFlight.release(id)
    }

    /// Records the event under the definitions that are in force once its stripes are held: they may
    /// be others than those that it was held against.
    private func record(
        _ event: Scoring, _ id: [UInt8], _ digest: [UInt8]
    ) throws -> (Scoring, AssayFeaturesV1.ScoreEventResponse, GroupCommit.Commit?) {
        var scoring = event
        while true {
            let set = active
            if scoring.pipeline !== set.pipeline {
                scoring = try set.pipeline.again(scoring)
                try Self.check(scoring, isAsFitAs: event)
            }
            let done = try set.states.holding(scoring.entities.map(\.key)) {
                active === set ? try apply(scoring, set, id, digest) : nil
            }
            if let done { return (scoring, done.0, done.1) }
        }
    }

    /// Throws ABORTED for an event that the definitions in force would put aside or refuse, where
    /// those that it was held against did not: sent again, that is what becomes of it.
    private static func check(_ scoring: Scoring, isAsFitAs event: Scoring) throws(RPCError) {
        let (policy, before) = (scoring.resolved.policy, event.resolved.policy)
        guard let policy, policy > max(before ?? .flag, .flag) else { return }
        throw RPCError(
            code: .aborted, message: "the definitions changed, and the event fails under these",
            reason: "DEFINITIONS_CHANGED", retryAfter: .milliseconds(20))
    }

    /// Reads, submits the event's rows, applies. The stripes of all its entities are held: nothing
    /// comes between the read and the apply, and an entity's rows are queued in their order.
    private func apply(
        _ scoring: Scoring, _ set: ActiveDefinitions, _ id: [UInt8], _ digest: [UInt8]
    ) throws -> (AssayFeaturesV1.ScoreEventResponse, GroupCommit.Commit?) {
        let cache = set.states
        guard !failed.load(ordering: .acquiring) else {
            return (refused(scoring, set, StorageError(.io, "a write failed before")), nil)
        }
        try erasureGate.check(scoring)
        guard !cache.isOverloaded(scoring.entities) else { throw backlog("states") }
        let sequence = lastSequence.next()
        var states: [CachedState] = []
        states.reserveCapacity(scoring.entities.count)
        cache.fetch(placesOf: scoring.entities)
        do {
            for entity in scoring.entities {
                states.append(try state(entity, set, at: scoring.now, before: sequence))
            }
        } catch {
            report(.read, error)
            return (refused(scoring, set, error), nil)
        }
        cache.fetch(states)
        let response = respond(scoring, states, sequence)
        var batch: WriteBatch
        let pending: SubjectKeys.Pending
        do {
            (batch, pending) = try rows(scoring, set, response, states, id, digest, sequence)
        } catch {
            report(.seal, error)
            return (refused(scoring, set, error), nil)
        }
        let after = configuration.strictStates ? applied(scoring, to: states, sequence) : nil
        for (cached, after) in zip(states, after ?? []) {
            cache.put(after, of: cached, in: &batch)
            var trail = Trail()
            trail.append(version: after.version, sequence: sequence)
            cache.put(trail, of: cached, in: &batch)
        }
        let commit: GroupCommit.Commit?
        do throws(StorageError) {
            commit = try records.submit(batch)
        } catch {
            if error.code == .busy { throw backlog("the log") }
            refusing.store(true, ordering: .relaxed)
            report(.write, error)
            return (refused(scoring, set, error), nil)
        }
        if isRefusing { refusing.store(false, ordering: .relaxed) }
        set.vault.subjects.confirm(pending)
        if let after {
            for (cached, after) in zip(states, after) { cache.replace(cached, with: after) }
        } else {
            change(scoring, states, in: cache, sequence)
        }
        set.tail?.append(scoring, sequence: sequence, bytes: batch.byteCount)
        return (response, commit)
    }

    /// The readings are of the states as they lie in the cache: none is left when this returns, and
    /// the event is applied.
    private func respond(
        _ scoring: Scoring, _ states: [CachedState], _ sequence: UInt64
    ) -> AssayFeaturesV1.ScoreEventResponse {
        let pipeline = scoring.pipeline
        let readings =
            scoring.vectors.isEmpty
            ? []
            : zip(scoring.entities, states).map {
                pipeline.reading($0, held: $1, at: scoring.resolved.time)
            }
        return pipeline.response(
            scoring, readings, outcome: scoring.isLoggedOnly ? .logged : .applied,
            sequence: sequence, durability: durability)
    }

    /// Applies the event in place: the states are to be stored later.
    private func change(
        _ scoring: Scoring, _ states: [CachedState], in cache: StateCache, _ sequence: UInt64
    ) {
        let event = scoring.resolved.engineEvent
        for index in states.indices {
            cache.apply(
                event, touches: scoring.entities[index].touches, sequence: sequence,
                delivery: .first, to: states[index])
        }
    }

    /// The states with the event applied, beside those without it.
    private func applied(
        _ scoring: Scoring, to states: [CachedState], _ sequence: UInt64
    ) -> [FeatureState] {
        let event = scoring.resolved.engineEvent
        return zip(scoring.entities, states).map { entity, cached in
            var state = cached.state
            _ = state.apply(event, touches: entity.touches, sequence: sequence, delivery: .first)
            return state
        }
    }

    private func backlog(_ what: String) -> RPCError {
        RPCError(
            code: .resourceExhausted, message: "the disk cannot keep up with \(what)",
            reason: "BACKLOG", retryAfter: .milliseconds(50))
    }

    /// Log row, id and reply: there together or not at all. The trail follows with the states.
    private func rows(
        _ scoring: Scoring, _ set: ActiveDefinitions,
        _ response: AssayFeaturesV1.ScoreEventResponse, _ states: [CachedState], _ id: [UInt8],
        _ digest: [UInt8], _ sequence: UInt64
    ) throws -> (WriteBatch, SubjectKeys.Pending) {
        let versions = states.map { $0.state.nextVersion(sequence: sequence) }
        var row = set.pipeline.logRow(
            scoring, sequence: sequence, versions: versions, vectors: response.vectors)
        let place = StorageKey.log(sequence)
        var batch = WriteBatch()
        let pending = try set.vault.seal(&row, scoring.entities, &batch)
        batch.put(place, row.encoded(), in: .log)
        batch.put(id, place + digest, in: .ids)
        if !response.vectors.isEmpty { batch.put(place, response.encoded(), in: .served) }
        return (batch, pending)
    }

    // MARK: Without recording

    package func readings(
        of entities: [EntityReference], under pipeline: EventPipeline, at time: Int64,
        now: Timestamp
    ) async -> [EntityReading] {
        let set = set(of: pipeline)
        return set.states.holding(entities.map(\.key)) {
            entities.map { reading($0, set, at: time, now: now.millisecondsSinceEpoch) }
        }
    }

    package func setAside(_ scoring: Scoring) async throws -> Bool {
        let id = StorageKey.event(scoring.event.id, tenant: scoring.tenant)
        // Two that add one row at once would leave its older form behind.
        try inFlight.claim(id)
        defer { inFlight.release(id) }
        let row = AssayFeaturesV1.QuarantineRow(
            tenant: scoring.tenant, event: scoring.event, received: scoring.received,
            problems: scoring.resolved.problems.map(\.message))
        var batch = WriteBatch()
        guard try keptAside.add(row, to: &batch) else { return false }
        do {
            try await records.commit(batch)
        } catch {
            report(.write, error)
            throw error
        }
        return true
    }

    package var quarantine: Quarantine? { keptAside }

    package var servedStatistics: StatisticsStore? { servedByHour }

    /// The set that a call began with: it may not be the one in force any more.
    private func set(of pipeline: EventPipeline) -> ActiveDefinitions {
        let set = active
        if set.pipeline === pipeline { return set }
        return definitionsInForce.all.last { $0.pipeline === pipeline } ?? set
    }

    /// Stores what was counted of what was served, also by calls that began under definitions
    /// which are not in force any more.
    func storeStatistics() throws {
        for set in definitionsInForce.all {
            let quality = set.pipeline.quality
            try servedByHour.add(quality.recorder.take(), vectors: quality.vectors)
        }
    }

    package func released(
        _ id: String, tenant: String, audit: AssayFeaturesV1.AuditEntry
    ) async throws {
        var batch = WriteBatch()
        try keptAside.remove(id, tenant: tenant, from: &batch)
        guard !batch.isEmpty else { return }
        AuditLog(store: store).add(audit, tenant: tenant, to: &batch)
        try await records.commit(batch)
    }
}
