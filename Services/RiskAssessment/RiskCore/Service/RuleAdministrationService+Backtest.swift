public import AssayMessages
public import RPC

extension RuleAdministrationService {
    public func backtest(
        _ request: AssayRiskV1.BacktestRequest,
        replies: ReplyWriter<AssayRiskV1.BacktestProgress>, context: ServerContext
    ) async throws {
        throw RPCError(.unimplemented, "this version of assay-risk does not have Backtest")
    }
}
