package import AssayMessages
package import RPC

extension OutcomeLog {
    /// Outcomes that become durable together.
    static let outcomesPerBatch = 512
    private static let maximumConflictsTold = 16

    /// Records a stream. What was stored before a failure stays: the whole stream may be sent again,
    /// and counts once.
    package func record(
        _ outcomes: RequestStream<AssayModelsV1.Outcome>
    ) async throws -> AssayModelsV1.OutcomeSummary {
        var summary = AssayModelsV1.OutcomeSummary()
        var batch: [AssayModelsV1.Outcome] = []
        func flush() async throws {
            let tally = try await record(batch, first: Int(summary.received))
            summary.received += UInt64(tally.received)
            summary.recorded += UInt64(tally.recorded)
            summary.repeated += UInt64(tally.repeated)
            summary.conflicting += UInt64(tally.conflicts.count)
            let room = Self.maximumConflictsTold - summary.firstConflicts.count
            summary.firstConflicts += tally.conflicts.prefix(room)
            batch.removeAll(keepingCapacity: true)
        }
        for try await outcome in outcomes {
            batch.append(outcome)
            if batch.count >= Self.outcomesPerBatch { try await flush() }
        }
        if !batch.isEmpty { try await flush() }
        return summary
    }
}
