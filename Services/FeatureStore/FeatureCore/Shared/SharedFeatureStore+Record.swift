internal import AssayMessages
internal import FeatureEngine
internal import RPC
internal import Redis
internal import Wire

/// An event that is to be recorded once.
struct SharedEvent {
    let scoring: Scoring
    let keys: SharedKeys
    /// 16 bytes of SHA-256 of the event id.
    let id: [UInt8]
    /// SHA-256 of the event's content.
    let digest: [UInt8]
    /// When this process began with it.
    let started: Duration

    var partition: Int { SharedKeys.partition(id) }
}

extension SharedFeatureStore {
    package func begin(_ scoring: Scoring) async throws -> Recording {
        let claim = StorageKey.event(scoring.event.id, tenant: scoring.tenant)
        try inFlight.claim(claim)
        defer { inFlight.release(claim) }
        try queue.checkRoom(for: strict(scoring.entities).map(\.key))
        return .done(try await record(sharedEvent(scoring)))
    }

    func sharedEvent(_ scoring: Scoring) -> SharedEvent {
        SharedEvent(
            scoring: scoring, keys: SharedKeys(tenant: scoring.tenant),
            id: Array(Hash.sha256(scoring.event.id).prefix(16)),
            digest: scoring.resolved.key.digest(of: scoring.event.encoded()), started: uptime())
    }

    /// Those that are brought up before the reply.
    private func strict(_ entities: [EntityReference]) -> [EntityReference] {
        entities.filter { !states.isRelaxed($0) }
    }

    private func record(
        _ event: SharedEvent
    ) async throws -> AssayFeaturesV1.ScoreEventResponse {
        let claim: SharedClaim
        let replies: [BlobReply]
        do {
            try await admit(event.scoring.tenant)
            if event.scoring.isLeftOpen { try await checkRoomAside(event) }
            (claim, replies) = try await claimAndRead(event)
        } catch let error as RPCError {
            throw error
        } catch {
            if (error as? RedisError)?.code == .commandTooLarge { throw Self.tooLarge }
            // The event may be in the log: then the keeper finishes it, and sending it again finds
            // it there.
            statistics.notRecorded.count()
            return pipeline.notRecorded(event.scoring, because: error)
        }
        switch claim {
        case .claimed(let place) where event.scoring.isLeftOpen:
            return await leave(event, at: place, replies)
        case .claimed(let place):
            // Only now: while an event waits for its place, others change the same entities.
            let placed = PlacedEvent(event: event, place: place, replies: replies)
            let stored = await queue.run(
                placed, holding: strict(event.scoring.entities).map(\.key), store)
            guard let stored else { return await leave(event, at: place, replies) }
            return reply(to: event, at: place, stored)
        case .known(let place, let digest): return try await known(event, place, digest)
        case .full:
            throw RPCError(
                code: .resourceExhausted, message: "the event log is full: its keeper is behind",
                reason: "LOG_FULL", retryAfter: .seconds(1))
        case .refused, .stale:
            statistics.notRecorded.count()
            return pipeline.response(
                event.scoring, await incomplete(event.scoring, replies), outcome: .notRecorded)
        }
    }

    private static var tooLarge: RPCError {
        RPCError(
            .invalidArgument, "the event is too large for the shared store",
            reason: "EVENT_TOO_LARGE")
    }

    /// What is left to the keeper it may have to put aside.
    private func checkRoomAside(_ event: SharedEvent) async throws {
        let full = try await redis.send(
            RedisCommand("EXISTS", key: event.keys.quarantineFull), timeout: configuration.roundTrip
        )
        guard full == .integer(1) else { return }
        throw RPCError(
            code: .resourceExhausted,
            message: "the event refers to none that is known here, and the quarantine is full",
            reason: "QUARANTINE_FULL", retryAfter: .seconds(60))
    }

    /// The first round trip: a place in the log, and what there is of all entities. Before it, and
    /// after an erasure, the subjects' keys that are not known.
    private func claimAndRead(
        _ event: SharedEvent
    ) async throws -> (SharedClaim, [BlobReply]) {
        let partition = event.partition
        var answer: (claim: SharedClaim, replies: [BlobReply])
        var attempts = 0
        repeat {
            let ticket = subjects.ticket(event.scoring.tenant, partition: partition)
            // What it refers to was read before an erasure: not to be sealed under a new key.
            if let before = event.scoring.erasures,
                before != UInt64(UInt32(truncatingIfNeeded: ticket.forgotten))
            {
                throw RPCError.subjectErased
            }
            let row: AssayFeaturesV1.LogRow
            do {
                row = try await sealedRow(event, ticket)
            } catch let error as RedisServerError {
                // Such as a store that is full: what there is can be read.
                let replies = try await redis.send(
                    event.scoring.entities.map(states.look), timeout: configuration.roundTrip)
                return (.refused(error), replies.map { BlobReply($0) })
            }
            answer = try await claimAndRead(event, claim(event, row, ticket.epoch))
            guard case .stale(let epoch) = answer.claim else { return answer }
            subjects.moved(event.scoring.tenant, partition: partition, to: epoch)
            attempts += 1
        } while attempts < SharedStates.maximumAttempts
        return answer
    }

    /// The row as far as it is known before the event is applied: the versions that it makes and the
    /// digests of its vectors follow in the applied record.
    private func sealedRow(
        _ event: SharedEvent, _ ticket: SharedSubjects.Ticket
    ) async throws -> AssayFeaturesV1.LogRow {
        let entities = event.scoring.entities
        var row = event.scoring.pipeline.logRow(
            event.scoring, sequence: 0, versions: entities.map { _ in 0 }, vectors: [])
        let parted = personal.part(&row, entities)
        try personal.seal(parted, into: &row, try await subjects.keys(for: parted, ticket))
        return row
    }

    private func claimAndRead(
        _ event: SharedEvent, _ claim: RedisCommand
    ) async throws(RedisError) -> (claim: SharedClaim, replies: [BlobReply]) {
        let isWritten = !event.scoring.isLeftOpen
        let looks = event.scoring.entities.map { entity in
            isWritten && !states.isRelaxed(entity)
                ? states.lookToWrite(entity) : states.look(entity)
        }
        var commands = [claim]
        commands.reserveCapacity(looks.count + 1)
        for case let look? in looks { commands.append(look) }
        let replies = try await redis.send(commands, timeout: configuration.roundTrip)
        return (
            SharedClaim(replies[0], partition: event.partition),
            BlobReply.read(replies.dropFirst(), to: looks)
        )
    }

    private func claim(
        _ event: SharedEvent, _ row: AssayFeaturesV1.LogRow, _ epoch: String
    ) -> RedisCommand {
        let partition = event.partition
        return SharedScripts.claim.command(
            keys: [
                event.keys.claim(event.id), event.keys.rows(partition), event.keys.open(partition),
                event.keys.epoch(partition),
            ],
            [
                row.encoded(), event.digest,
                Array("\(configuration.idLife.milliseconds / 1_000)".utf8),
                Array("\(configuration.maximumRows)".utf8), Array(epoch.utf8),
            ])
    }

    /// The event stays open, for the keeper: it has the older events, and applies this one with those
    /// that it refers to.
    private func leave(
        _ event: SharedEvent, at place: StreamPlace, _ replies: [BlobReply]
    ) async -> AssayFeaturesV1.ScoreEventResponse {
        let scoring = event.scoring
        statistics.applied.count()
        activity.leftOpen.count()
        var readings: [EntityReading] = []
        if !scoring.vectors.isEmpty {
            let loaded = await load(scoring.entities, replies)
            let flags = await doubt(scoring.tenant)
            readings = loaded.map { reading($0, for: scoring, flags) }
        }
        var response = pipeline.response(
            scoring, readings, outcome: .logged, sequence: place.sequence, durability: .memory)
        // Not known yet.
        response.receipt.problems.removeAll { $0.rule == EventProblem.Rule.reference }
        late.add(closing: nil, [keep(response, of: event)])
        return response
    }

    /// For who asks again.
    private func keep(
        _ response: AssayFeaturesV1.ScoreEventResponse, of event: SharedEvent
    ) -> RedisCommand {
        RedisCommand(
            "SET", key: event.keys.served(event.id), response.encoded(), Array("EX".utf8),
            Array("\(configuration.replyLife.milliseconds / 1_000)".utf8))
    }

    // MARK: Applied

    private func reply(
        to event: SharedEvent, at place: StreamPlace, _ stored: StoredEvent
    ) -> AssayFeaturesV1.ScoreEventResponse {
        statistics.applied.count()
        let isApplied = stored.isComplete && !event.scoring.isLoggedOnly
        let response = pipeline.response(
            event.scoring, stored.readings, outcome: isApplied ? .applied : .logged,
            sequence: place.sequence, durability: stored.isReplicated ? .replicated : .memory)
        finish(event, place, stored, response)
        return response
    }

    /// After the reply: the reply itself for who asks again, then the applied record and the end of
    /// the event's openness, once the relaxed entities have it too.
    private func finish(
        _ event: SharedEvent, _ place: StreamPlace, _ stored: StoredEvent,
        _ response: AssayFeaturesV1.ScoreEventResponse
    ) {
        var closing: RedisCommand?
        let relaxed = event.scoring.entities.filter(states.isRelaxed)
        let open = OpenEvent(event, place, pipeline, response, versions: stored.versions)
        if !stored.isComplete {
            activity.leftOpen.count()
        } else if relaxed.isEmpty {
            closing = open.closing
        } else if let full = gatherer.add(open, relaxed, event) {
            background.run { [gatherer] in await gatherer.flush(full) }
        }
        late.add(
            closing: closing, response.vectors.isEmpty ? [] : [keep(response, of: event)])
    }
}
