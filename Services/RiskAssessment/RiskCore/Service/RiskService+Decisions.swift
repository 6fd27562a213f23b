public import AssayMessages
public import RPC
internal import RuleLanguage
internal import Wire

// Decisions that were made earlier: found, made again, explained.

extension RiskService {
    public func getDecision(
        _ request: AssayRiskV1.GetDecisionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.Decision {
        let found = try found(request.decisionID, context)
        return AssayRiskV1.Decision(found.record, at: found.position)
    }

    // MARK: List

    private static let defaultPage: UInt32 = 20

    public func listDecisions(
        _ request: AssayRiskV1.ListDecisionsRequest, context: ServerContext
    ) async throws -> AssayRiskV1.DecisionPage {
        try checkSearch()
        if let since = request.since, let until = request.until, until <= since {
            throw RPCError.invalid([
                FieldViolation(field: "/until", description: "is not after since")
            ])
        }
        let query = DecisionQuery(tenant: context.caller.tenant, request: request)
        let place = try query.place()
        let size = request.pageSize == 0 ? Self.defaultPage : request.pageSize
        do {
            let page = try search.page(query, after: place, size: Int(size))
            return AssayRiskV1.DecisionPage(
                decisions: page.decisions, nextPageToken: page.next.map(query.token) ?? "")
        } catch {
            throw Self.unreadable(error)
        }
    }

    private func checkSearch() throws {
        switch search.progress {
        case .ready: break
        case .building(let done, let all):
            throw RPCError(
                .unavailable,
                "decisions of an older version are being made findable: \(done) of \(all) records; "
                    + "ask again in a moment", reason: "SEARCH_BUILDING")
        case .failed(let problem):
            throw RPCError(
                .unavailable,
                "decisions of an older version could not be made findable: \(problem); the service "
                    + "tries again when it is started", reason: "SEARCH_FAILED")
        }
    }

    // MARK: Replay

    public func replayDecision(
        _ request: AssayRiskV1.ReplayDecisionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.ReplayReport {
        let record = try found(request.decisionID, context).record
        let isCandidate = request.mode == .candidate
        if !isCandidate, !request.ruleSet.isEmpty || !request.policy.isEmpty {
            throw RPCError.invalid([
                FieldViolation(
                    field: "/mode",
                    description: "a decision is made again with its own rules and policy; for "
                        + "others say candidate")
            ])
        }
        let current = live.current
        let rules = try await ruleSet(
            isCandidate ? request.ruleSet : record.ruleSet, current, isLive: isCandidate)
        let policy = try policy(
            isCandidate ? request.policy : record.policyDigest, current, isLive: isCandidate)
        let evidence = try evidence(of: record)
        let frame: RecordedFrame
        let result: ReplayRun.Result
        do {
            frame = try RecordedFrame(record, evidence: evidence, catalogue: rules.catalogue)
            var run = ReplayRun(rules: rules, policy: policy)
            result = try run.decide(frame)
        } catch {
            throw RPCError(.failedPrecondition, "\(error)", reason: "NOT_REPLAYABLE")
        }
        var report = AssayRiskV1.ReplayReport(
            decisionID: record.decisionID, sequence: record.sequence,
            differences: OutcomeComparison.differences(record.outcome, result.outcome),
            erasedFacts: Array(frame.erased.prefix(512)),
            rulesLeftOut: Array(result.rulesLeftOut.prefix(512)), outcome: result.outcome,
            ruleSet: rules.digest, policy: policy.digest)
        report.isEqual = report.differences.isEmpty
        if isCandidate {
            report.modelProblem = "a candidate is judged by what the model said then"
        } else {
            await replayModel(of: frame, evidence, &report, context)
        }
        return report
    }

    private func replayModel(
        of frame: RecordedFrame, _ evidence: DecisionEvidence?,
        _ report: inout AssayRiskV1.ReplayReport, _ context: ServerContext
    ) async {
        let replay = ModelReplay(record: frame.record, evidence: evidence, store: index.store)
        do {
            let options = options(context, share: configuration.modelShare)
            let differences = try await replay.differences { request in
                try await self.models.again(request, options: options)
            }
            report.modelReplayed = true
            report.differences = Array(
                (report.differences + differences).prefix(OutcomeComparison.maximumDifferences))
            report.isEqual = report.differences.isEmpty
        } catch let error as RPCError {
            report.modelProblem = String("\(error.code): \(error.message)".prefix(400))
        } catch {
            report.modelProblem = String("\(error)".prefix(400))
        }
    }

    // MARK: Explain

    static let personalScope = "risk.decisions.personal"
    /// Of those who may know what speaks of money laundering.
    static let typologyScope = "risk.aml"

    public func explainDecision(
        _ request: AssayRiskV1.ExplainDecisionRequest, context: ServerContext
    ) async throws -> AssayRiskV1.DecisionExplanation {
        if request.personal, !context.caller.has(Self.personalScope) {
            throw RPCError(
                .permissionDenied,
                "values of personal facts need the scope \(Self.personalScope); ask without "
                    + "personal to see everything else")
        }
        let (record, position) = try found(request.decisionID, context)
        let rules = try await ruleSet(record.ruleSet, live.current, isLive: false)
        let policy = try policy(record.policyDigest, live.current, isLive: false)
        let evidence = try evidence(of: record)
        let explainer = DecisionExplainer(
            record: record, rules: rules, policy: policy,
            showsTypologies: context.caller.has(Self.typologyScope))
        var explanation = explainer.explanation(
            AssayRiskV1.Decision(record, at: position), evidence, personal: request.personal)
        await attribute(&explanation, record, evidence, context)
        return explanation
    }

    private func attribute(
        _ explanation: inout AssayRiskV1.DecisionExplanation,
        _ record: AssayRiskV1.DecisionRecord, _ evidence: DecisionEvidence?,
        _ context: ServerContext
    ) async {
        guard record.model != nil else {
            explanation.attributionsProblem = "no model took part in the decision"
            return
        }
        let replay = ModelReplay(record: record, evidence: evidence, store: index.store)
        do {
            let options = options(context, share: configuration.modelShare)
            explanation.attributions = try await replay.attributions { request in
                try await self.models.again(request, options: options)
            }
        } catch {
            let problem = (error as? RPCError).map { "\($0.code): \($0.message)" } ?? "\(error)"
            explanation.attributions = record.model?.attributions ?? []
            explanation.attributionsProblem = String(
                ("the model could not be asked again, these are the recorded ones: " + problem)
                    .prefix(400))
        }
    }

    // MARK: What was kept

    /// The tenant's record, or a NOT_FOUND that helps.
    private func found(
        _ id: UniqueID, _ context: ServerContext
    ) throws -> (record: AssayRiskV1.DecisionRecord, position: AssayRiskV1.LogPosition) {
        let tenant = context.caller.tenant
        let near: [UniqueID]
        do {
            if let found = try index.record(id, of: tenant) { return found }
            near = try index.near(id, of: tenant)
        } catch {
            throw Self.unreadable(error)
        }
        let help =
            near.isEmpty
            ? "; ListDecisions finds decisions by subject, transaction_id, rule and time"
            : "; there is " + near.map { "\($0)" }.joined(separator: ", ")
        throw RPCError(.notFound, "no decision \(id)\(help)")
    }

    private func evidence(of record: AssayRiskV1.DecisionRecord) throws -> DecisionEvidence? {
        do {
            return try DecisionEvidence.read(record.sequence, from: index.store)
        } catch {
            throw Self.unreadable(error)
        }
    }

    private func ruleSet(
        _ digest: [UInt8], _ current: RuleSnapshot, isLive: Bool
    ) async throws -> RuleSet {
        if isLive && digest.isEmpty || digest == current.rules.digest { return current.rules }
        do {
            return try await archive.compiled(digest)
        } catch {
            throw Self.notKept(error)
        }
    }

    private func policy(
        _ digest: [UInt8], _ current: RuleSnapshot, isLive: Bool
    ) throws -> Policy {
        if isLive && digest.isEmpty || digest == current.policy.digest { return current.policy }
        do {
            return try archive.policy(digest)
        } catch {
            throw Self.notKept(error)
        }
    }

    private static func notKept(_ error: any Error) -> RPCError {
        guard let failure = error as? RuleArchive.Failure else { return unreadable(error) }
        if case .missing = failure {
            return RPCError(.notFound, "\(failure)", reason: "RULES_NOT_KEPT")
        }
        return RPCError(.failedPrecondition, "\(failure)", reason: "RULES_DAMAGED")
    }

    static func unreadable(_ error: any Error) -> RPCError {
        RPCError(
            code: .unavailable, message: "the decision store cannot be read",
            reason: "LOG_UNAVAILABLE", cause: error)
    }
}
