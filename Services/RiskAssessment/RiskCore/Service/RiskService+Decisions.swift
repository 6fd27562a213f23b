public import AssayMessages
public import RPC

// Decisions that were made earlier: found, watched, made again, explained.

extension RiskService {
    public func listDecisions(
        _ request: AssayRiskV1.ListDecisionsRequest, context: ServerContext
    ) async throws -> AssayRiskV1.DecisionPage {
        throw Self.notYet("ListDecisions")
    }

    public func watchDecisions(
        _ request: AssayRiskV1.WatchDecisionsRequest, replies: ReplyWriter<AssayRiskV1.Decision>,
        context: ServerContext
    ) async throws {
        throw Self.notYet("WatchDecisions")
    }

    public func replayDecision(
        _ request: AssayRiskV1.ReplayDecisionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.ReplayReport {
        throw Self.notYet("ReplayDecision")
    }

    public func explainDecision(
        _ request: AssayRiskV1.ExplainDecisionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.DecisionExplanation {
        throw Self.notYet("ExplainDecision")
    }

    private static func notYet(_ method: String) -> RPCError {
        RPCError(.unimplemented, "this version of assay-risk does not have \(method)")
    }
}
