public import AssayMessages
public import RPC
internal import Wire

extension RuleAdministrationService {
    /// What files would have changed of this tenant's recorded decisions.
    public func backtest(
        _ request: AssayRiskV1.BacktestRequest,
        replies: ReplyWriter<AssayRiskV1.BacktestProgress>, context: ServerContext
    ) async throws {
        let validation = await administrator.validate(request.files)
        let live = administrator.live.current
        guard let candidate = try await candidate(request, validation) else {
            // What is wrong with the files is the whole report.
            let report = AssayRiskV1.BacktestReport(
                base: live.rules.digest, currency: live.rules.baseCurrency, validation: validation)
            return try await replies.write(AssayRiskV1.BacktestProgress(report: report))
        }
        let backtest = Backtest(
            live: BacktestSide(rules: live.rules, policy: live.policy), candidate: candidate,
            examples: request.examples == 0
                ? Backtest.defaultExamples : Int(request.examples))
        let choice = BacktestChoice(
            tenant: context.caller.tenant, since: request.since, until: request.until,
            last: request.last)
        for await step in try backtests.begin(backtest, over: choice) {
            switch step {
            case .progress(let done, let total):
                try await replies.write(AssayRiskV1.BacktestProgress(done: done, total: total))
            case .ended(let result):
                var report = try result.get().report
                report.validation = validation
                try await replies.write(
                    AssayRiskV1.BacktestProgress(
                        done: report.decisions, total: report.decisions, report: report))
            }
        }
    }

    /// Nil if the files or the policy have problems.
    private func candidate(
        _ request: AssayRiskV1.BacktestRequest, _ validation: AssayRiskV1.ValidationReport
    ) async throws -> BacktestSide? {
        guard validation.problems.isEmpty,
            let folder = try? administrator.folder.laid(under: request.files),
            case .success(let compiled) = await administrator.compiler.compile(folder)
        else { return nil }
        guard !request.policy.isEmpty else {
            return BacktestSide(rules: compiled.rules, policy: compiled.policy)
        }
        do {
            let policy = try Policy(yaml: request.policy, file: "policy")
            return BacktestSide(rules: compiled.rules, policy: policy)
        } catch {
            throw RPCError(
                .invalidArgument,
                "the policy is wrong: \(error.problems.prefix(5).map(\.description).joined(separator: "; "))"
            )
        }
    }
}
