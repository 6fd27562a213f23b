public import AssayMessages
public import RPC

extension ExperimentsService {
    /// Records outcomes; what was stored before a failure stays, and may be sent again.
    public func recordOutcome(
        _ requests: RequestStream<AssayModelsV1.Outcome>, context: ServerContext
    ) async throws -> AssayModelsV1.OutcomeSummary {
        try await analyst.outcomes.record(requests)
    }

    public func analyzeExperiment(
        _ request: AssayModelsV1.AnalyzeRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Analysis {
        try await analyst.analyze(request)
    }
}
