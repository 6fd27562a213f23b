public import AssayMessages
public import RPC
internal import Storage
internal import Wire

// Decisions as they are made, for whoever looks on.

extension RiskService {
    /// Records that are read from the log at once: all that a call holds of them.
    private static let recordsOfOneRead = 64

    public func watchDecisions(
        _ request: AssayRiskV1.WatchDecisionsRequest, replies: ReplyWriter<AssayRiskV1.Decision>,
        context: ServerContext
    ) async throws {
        var position = request.fromNow ? log.durableSequence : request.after
        if position > log.durableSequence {
            throw RPCError(
                .outOfRange,
                "after is \(position), and the log ends at \(log.durableSequence); if the log was "
                    + "put back, begin again from 0")
        }
        replies.sendHeaders()
        let statuses = Set(request.statuses)
        while !Task.isCancelled {
            for decision in try decisions(after: &position, context.caller.tenant, statuses) {
                try await send(decision, to: replies)
            }
            guard position >= log.durableSequence else { continue }
            guard await log.followers.wait(after: position) else {
                throw RPCError(
                    .unavailable, "the service ends; go on with after = \(position)",
                    reason: "GO_ON")
            }
        }
        throw RPCError(.cancelled, "the watch ended; go on with after = \(position)")
    }

    /// The tenant's decisions among the next records; `position` becomes the last one read.
    private func decisions(
        after position: inout UInt64, _ tenant: String, _ statuses: Set<AssayRiskV1.Status>
    ) throws -> [AssayRiskV1.Decision] {
        var found: [AssayRiskV1.Decision] = []
        do {
            let range = KeyRange(
                from: DecisionLog.key(position &+ 1),
                to: DecisionLog.key(log.durableSequence &+ 1))
            let rows = try index.store.rows(
                DecisionLog.records, range, limit: Self.recordsOfOneRead)
            for row in rows {
                let sealed = try SealedRecord.verify(row.value)
                let link = try ChainLink(sealed)
                guard link.sequence == position + 1 else {
                    throw StorageError(.corrupt, "record \(position + 1) is missing")
                }
                position = link.sequence
                guard link.kind == .decision else { continue }
                let record: AssayRiskV1.DecisionRecord = try sealed.open()
                guard record.tenant == tenant,
                    statuses.isEmpty || statuses.contains(record.outcome.status)
                else { continue }
                found.append(
                    AssayRiskV1.Decision(
                        record,
                        at: AssayRiskV1.LogPosition(
                            chain: record.chain, sequence: record.sequence,
                            digest: sealed.digest.bytes)))
            }
            guard !rows.isEmpty || position >= log.durableSequence else {
                throw StorageError(.corrupt, "record \(position + 1) is missing")
            }
        } catch {
            throw Self.unreadable(error)
        }
        return found
    }

    /// Sends, unless the reader takes nothing for too long.
    private func send(
        _ decision: AssayRiskV1.Decision, to replies: ReplyWriter<AssayRiskV1.Decision>
    ) async throws {
        let patience = configuration.watchPatience
        let sleep = surroundings.sleep
        let isSent = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await replies.write(decision)
                return true
            }
            group.addTask {
                try await sleep(patience)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard !isSent else { return }
        let last = decision.log.sequence - 1
        throw RPCError(
            .aborted,
            "nothing was read for \(patience); go on with after = \(last)", reason: "SLOW_READER")
    }
}
