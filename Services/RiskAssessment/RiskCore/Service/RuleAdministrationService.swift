public import AssayMessages
public import RPC

/// Changes of the rules as calls: on behalf of whom the gateway says.
public final class RuleAdministrationService: AssayRiskV1.RuleAdministration.Service {
    let administrator: RuleAdministrator
    let backtests: BacktestDesk

    public init(_ administrator: RuleAdministrator, backtests: BacktestDesk) {
        self.administrator = administrator
        self.backtests = backtests
    }

    public func listRules(
        _ request: AssayRiskV1.ListRulesRequest, context: ServerContext
    ) async throws -> AssayRiskV1.RulePage {
        try administrator.list(request)
    }

    public func listRuleFiles(
        _ request: AssayRiskV1.ListRuleFilesRequest, context: ServerContext
    ) async throws -> AssayRiskV1.RuleSet {
        try await administrator.files(request)
    }

    public func validateRules(
        _ request: AssayRiskV1.RuleFiles, context: ServerContext
    ) async throws -> AssayRiskV1.ValidationReport {
        await administrator.validate(request.files)
    }

    public func proposeRules(
        _ request: AssayRiskV1.ProposeRequest, context: ServerContext
    ) async throws -> AssayRiskV1.Proposal {
        try await administrator.propose(request, by: context.caller)
    }

    public func proposeException(
        _ request: AssayRiskV1.ExceptionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.Proposal {
        try await administrator.propose(request, by: context.caller)
    }

    public func listProposals(
        _ request: AssayRiskV1.ListProposalsRequest, context: ServerContext
    ) async throws -> AssayRiskV1.ProposalPage {
        try administrator.proposals(request, of: context.caller.tenant)
    }

    public func reviewProposal(
        _ request: AssayRiskV1.ReviewRequest, context: ServerContext
    ) async throws -> AssayRiskV1.Proposal {
        try await administrator.review(request, by: context.caller)
    }

    public func applyRules(
        _ request: AssayRiskV1.ApplyRequest, context: ServerContext
    ) async throws -> AssayRiskV1.RuleSet {
        try await administrator.apply(request, by: context.caller)
    }
}
