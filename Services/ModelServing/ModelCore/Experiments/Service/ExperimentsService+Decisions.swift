public import AssayMessages
public import RPC
internal import Storage

extension ExperimentsService {
    /// Sealed decisions, a moment after they were made: their exposures, the calls that outcomes may name, and
    /// their facts. Whatever is known already changes nothing. The reply says that all of it is durable: who
    /// got none sends them again.
    public func recordDecisions(
        _ request: AssayModelsV1.SealedDecisions, context: ServerContext
    ) async throws -> AssayModelsV1.DecisionsSummary {
        var read = AssayModelsV1.RebuildSummary()
        let records = try SealedExposures.records(request.records, &read)
        let met = records.flatMap(SealedExposures.exposures)
        do {
            try await exposures.write(met)
        } catch let error as StorageError {
            throw RPCError(
                code: .unavailable, message: "the index of exposures failed: \(error)",
                cause: error)
        }
        // Last, because it makes the exposures durable too.
        let facts = try await analyst.record(records)
        return AssayModelsV1.DecisionsSummary(
            records: read.records, exposures: UInt64(met.count), facts: facts)
    }
}
