public import AssayMessages
public import RPC

extension ExperimentsService {
    /// Sealed decisions, a moment after they were made: their facts, the calls that outcomes may name, and
    /// exposures that found no room when the call was answered. Whatever is known already changes nothing.
    public func recordDecisions(
        _ request: AssayModelsV1.SealedDecisions, context: ServerContext
    ) async throws -> AssayModelsV1.DecisionsSummary {
        var read = AssayModelsV1.RebuildSummary()
        let records = try SealedExposures.records(request.records, &read)
        let met = records.flatMap(SealedExposures.exposures)
        exposures.record(met)
        return AssayModelsV1.DecisionsSummary(
            records: read.records, exposures: UInt64(met.count),
            facts: try await analyst.record(records))
    }
}
