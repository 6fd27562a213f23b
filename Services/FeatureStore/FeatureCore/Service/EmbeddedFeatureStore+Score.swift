internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Storage
internal import Synchronization
internal import Wire

/// A ScoreEvent call as far as it is known before the entities are locked.
struct Scoring {
    let request: AssayFeaturesV1.ScoreEventRequest
    let tenant: String
    let vectors: [VectorDefinition]
    let event: ResolvedEvent
    let entities: [EntityReference]
    let received: Timestamp
}

extension EmbeddedFeatureStore {
    /// Reads the vectors as they were before the event, then applies the event: once for each id.
    func score(
        _ request: AssayFeaturesV1.ScoreEventRequest, tenant: String
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        var definitions: [VectorDefinition] = []
        for reference in request.vectors { definitions.append(try vectors.find(reference)) }
        let received = clock()
        let event = try resolver.resolve(
            request.event, received: received.millisecondsSinceEpoch)
        let scoring = Scoring(
            request: request, tenant: tenant, vectors: definitions, event: event,
            entities: event.entities(self.definitions, tenant: tenant), received: received)
        if request.dryRun { return read(scoring, outcome: .notRecorded) }
        if let policy = event.policy, policy > .flag {
            return try await setAside(scoring, policy)
        }
        let id = StorageKey.event(request.event.id, tenant: tenant)
        try inFlight.claim(id)
        defer { inFlight.release(id) }
        let digest = Hash.sha256(request.event.encoded())
        if let known = try known(id, digest, scoring) { return known }
        return try await record(scoring, id, digest)
    }

    /// Reads only.
    private func read(
        _ scoring: Scoring, outcome: AssayFeaturesV1.Outcome
    ) -> AssayFeaturesV1.ScoreEventResponse {
        let readings = readings(scoring.entities, at: scoring.event.time)
        return response(scoring, readings, outcome: outcome, sequence: 0)
    }

    /// The entities as they are; one that cannot be read has no values.
    func readings(_ entities: [EntityReference], at time: Int64) -> [EntityReading] {
        let failed = failed.load(ordering: .acquiring)
        return cache.holding(entities.map(\.key)) {
            entities.map { entity in
                guard !failed, let cached = try? state(entity, before: .max) else {
                    return EntityReading(reference: entity, version: 0, time: time, values: nil)
                }
                return reading(entity, cached.state, at: time)
            }
        }
    }

    private func reading(
        _ entity: EntityReference, _ state: FeatureState, at time: Int64
    ) -> EntityReading {
        EntityReading(
            reference: entity, version: state.version, time: state.readTime(time),
            values: state.read(definitions.entities[entity.entity].plan, at: time))
    }

    func response(
        _ scoring: Scoring, _ readings: [EntityReading], outcome: AssayFeaturesV1.Outcome,
        sequence: UInt64
    ) -> AssayFeaturesV1.ScoreEventResponse {
        AssayFeaturesV1.ScoreEventResponse(
            receipt: AssayFeaturesV1.Receipt(
                eventID: scoring.request.event.id, outcome: outcome, sequence: sequence,
                durability: outcome == .applied ? .synced : .unspecified,
                problems: scoring.event.problems.map(\.message)),
            vectors: scoring.vectors.map {
                vectors.vector(
                    $0, event: scoring.event, readings: readings, time: scoring.event.time)
            },
            entities: readings.map { reading in
                AssayFeaturesV1.EntityRead(
                    entity: definitions.entities[reading.reference.entity].name,
                    role: reading.reference.role, version: reading.version)
            },
            definitionSet: definitions.hash)
    }

    // MARK: Recording

    private func record(
        _ scoring: Scoring, _ id: [UInt8], _ digest: [UInt8]
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        var (response, commit) = try cache.holding(scoring.entities.map(\.key)) {
            try apply(scoring, id, digest)
        }
        do {
            try await commit?.wait()
        } catch {
            // The states hold an event that the log may lack: from here on none of them is read.
            failed.store(true, ordering: .releasing)
            response = unavailable(scoring)
        }
        if response.receipt.outcome == .applied {
            statistics.applied.add(1, ordering: .relaxed)
        } else {
            statistics.notRecorded.add(1, ordering: .relaxed)
        }
        return response
    }

    /// Reads, submits the event's rows, applies. The stripes of all its entities are held: nothing
    /// comes between the read and the apply, and an entity's rows are queued in their order.
    private func apply(
        _ scoring: Scoring, _ id: [UInt8], _ digest: [UInt8]
    ) throws -> (AssayFeaturesV1.ScoreEventResponse, GroupCommit.Commit?) {
        guard !failed.load(ordering: .acquiring) else { return (unavailable(scoring), nil) }
        guard !cache.isOverloaded(scoring.entities) else { throw backlog("states") }
        let sequence = nextSequence()
        var states: [CachedState] = []
        do {
            for entity in scoring.entities { states.append(try state(entity, before: sequence)) }
        } catch {
            return (unavailable(scoring), nil)
        }
        let readings = zip(scoring.entities, states).map {
            reading($0, $1.state, at: scoring.event.time)
        }
        let response = response(scoring, readings, outcome: .applied, sequence: sequence)
        let commit: GroupCommit.Commit
        do throws(StorageError) {
            commit = try commits.submit(rows(scoring, response, states, id, digest, sequence))
        } catch {
            guard error.code == .busy else { return (unavailable(scoring), nil) }
            throw backlog("the log")
        }
        for (entity, cached) in zip(scoring.entities, states) {
            _ = cached.state.apply(
                scoring.event.engineEvent, touches: entity.touches, sequence: sequence,
                delivery: .first)
            cache.stripes[cache.stripe(of: entity.key)].markDirty(cached)
        }
        return (response, commit)
    }

    private func backlog(_ what: String) -> RPCError {
        RPCError(
            code: .resourceExhausted, message: "the disk cannot keep up with \(what)",
            reason: "BACKLOG", retryAfter: .milliseconds(50))
    }

    /// Log row, id and reply: there together or not at all.
    private func rows(
        _ scoring: Scoring, _ response: AssayFeaturesV1.ScoreEventResponse,
        _ states: [CachedState], _ id: [UInt8], _ digest: [UInt8], _ sequence: UInt64
    ) -> WriteBatch {
        let row = AssayFeaturesV1.LogRow(
            sequence: sequence, tenant: scoring.tenant, event: scoring.request.event,
            received: scoring.received, definitionSet: definitions.hash,
            entities: zip(scoring.entities, states).map { entity, cached in
                AssayFeaturesV1.LoggedEntity(
                    entity: definitions.entities[entity.entity].name, role: entity.role,
                    version: cached.state.nextVersion(sequence: sequence))
            },
            vectors: response.vectors.map {
                AssayFeaturesV1.LoggedVector(
                    name: $0.ref.name, version: $0.ref.version, digest: $0.digest)
            })
        var batch = WriteBatch()
        batch.put(StorageKey.log(sequence), row.encoded(), in: .log)
        batch.put(id, StorageKey.bigEndian(sequence) + digest, in: .ids)
        batch.put(StorageKey.log(sequence), response.encoded(), in: .served)
        return batch
    }

    // MARK: Not recorded

    /// The store cannot answer: no value is made up, and the event is to be sent again.
    private func unavailable(_ scoring: Scoring) -> AssayFeaturesV1.ScoreEventResponse {
        let readings = scoring.entities.map {
            EntityReading(reference: $0, version: 0, time: scoring.event.time, values: nil)
        }
        return response(scoring, readings, outcome: .notRecorded, sequence: 0)
    }

    /// An event that fails validation still gets its vectors; a quarantined one is kept, as long
    /// as there is room.
    private func setAside(
        _ scoring: Scoring, _ policy: EventProblem.Policy
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        let isFull = quarantined.load(ordering: .relaxed) >= Self.maximumQuarantined
        guard policy == .quarantine, !isFull else {
            statistics.rejected.add(1, ordering: .relaxed)
            return read(scoring, outcome: .rejected)
        }
        let row = AssayFeaturesV1.QuarantineRow(
            tenant: scoring.tenant, event: scoring.request.event, received: scoring.received,
            problems: scoring.event.problems.map(\.message))
        var batch = WriteBatch()
        batch.put(
            StorageKey.event(scoring.request.event.id, tenant: scoring.tenant), row.encoded(),
            in: .quarantine)
        let response = read(scoring, outcome: .quarantined)
        do {
            try await commits.commit(batch)
        } catch {
            return unavailable(scoring)
        }
        statistics.quarantined.add(1, ordering: .relaxed)
        quarantined.add(1, ordering: .relaxed)
        return response
    }
}

extension EventProblem {
    var message: AssayFeaturesV1.Problem {
        AssayFeaturesV1.Problem(rule: rule, path: path, message: text)
    }
}
