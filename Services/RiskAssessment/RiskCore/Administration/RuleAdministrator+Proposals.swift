public import AssayMessages
public import RPC
internal import Wire

extension RuleAdministrator {
    /// Checks, compiles and tests files laid over the live ones, and changes nothing.
    public func validate(_ files: [AssayRiskV1.RuleFile]) async -> AssayRiskV1.ValidationReport {
        let base = state.withLock { $0.compiled }
        let folder: RuleFolder
        do {
            folder = try base.folder.laid(under: files)
        } catch {
            return Self.report(error.problems)
        }
        switch await compiler.compile(folder) {
        case .success(let candidate): return Self.report(candidate, from: base)
        case .failure(let failure): return Self.report(failure.problems)
        }
    }

    static func report(_ problems: [Problem]) -> AssayRiskV1.ValidationReport {
        AssayRiskV1.ValidationReport(
            problems: problems.prefix(200).map {
                AssayRiskV1.RuleProblem(
                    file: $0.file.limited(to: 256), line: UInt32(clamping: $0.line),
                    column: UInt32(clamping: $0.column), message: $0.message.limited(to: 2_048))
            })
    }

    static func report(
        _ candidate: CompiledRules, from base: CompiledRules
    ) -> AssayRiskV1.ValidationReport {
        AssayRiskV1.ValidationReport(
            rules: UInt32(candidate.rules.rules.count),
            tests: UInt32(clamping: candidate.contents.tests), cost: UInt64(candidate.cost),
            ruleSet: candidate.rules.digest,
            changes: RuleComparison.changes(from: base, to: candidate))
    }

    /// Puts files up for review: they must load, and all tests must pass.
    public func propose(
        _ request: AssayRiskV1.ProposeRequest, by caller: Caller
    ) async throws -> AssayRiskV1.Proposal {
        try Self.require(caller, reason: request.reason)
        let change = RuleRequest(
            request, id: request.requestID, method: "propose", stated: request.actor, by: caller,
            at: now())
        return try await self.change { try await self.proposeNow(request, change) }
    }

    private func proposeNow(
        _ request: AssayRiskV1.ProposeRequest, _ change: RuleRequest
    ) async throws -> AssayRiskV1.Proposal {
        if let known = try change.remembered(in: rows.store, as: AssayRiskV1.Proposal.self) {
            return known
        }
        let base = state.withLock { ($0.compiled, $0.row) }
        try Self.check(request.expectedRuleSet, isLive: base.1)
        let candidate: CompiledRules
        do {
            let folder = try base.0.folder.laid(under: request.files)
            guard folder != base.0.folder else {
                throw RPCError.invalid([
                    FieldViolation(
                        field: "/files", description: "these are the files that are live already")
                ])
            }
            candidate = try await compiler.compile(folder).get()
        } catch let failure as ConfigurationFailure {
            throw RuleRefusal.files(failure)
        }
        let changed = candidate.folder.changes(from: base.0.folder)
        try rows.keep(changed.map(\.text).filter { !$0.isEmpty })
        var proposal = blank(change, reason: request.reason, ticket: request.ticket)
        proposal.candidate = candidate.rules.digest
        proposal.validation = Self.report(candidate, from: base.0)
        proposal.files = changed.map(\.name)
        return try await put(
            proposal, files: RuleStore.keyed(changed), base: base.1.folder, change)
    }

    // MARK: For all kinds

    /// A proposal without what it proposes.
    func blank(
        _ change: RuleRequest, reason: String, ticket: String
    ) -> AssayRiskV1.Proposal {
        AssayRiskV1.Proposal(
            proposalID: "", status: .proposed, author: change.client, reason: reason,
            ticket: ticket, createdAt: change.at,
            base: state.withLock { $0.row.set.ruleSet })
    }

    /// Numbers a proposal and makes it durable.
    func put(
        _ proposal: AssayRiskV1.Proposal, files: [AssayRiskV1.RuleFile], base: [UInt8],
        _ change: RuleRequest
    ) async throws -> AssayRiskV1.Proposal {
        let (number, open) = state.withLock { ($0.next, $0.open.count) }
        guard open < Self.maximumOpen else {
            throw RPCError(
                .resourceExhausted, "\(open) proposals are open; apply or reject some of them")
        }
        var proposal = proposal
        proposal.proposalID = ProposalRow.prefix + "\(number)"
        let row = ProposalRow(
            number: number, tenant: change.tenant, base: base, proposal: proposal, files: files)
        var record = change.record(
            "rules.proposed", reason: proposal.reason, ticket: proposal.ticket)
        record.base = proposal.base
        record.candidate = proposal.candidate
        try await commit(record, proposal: row) { change.remember(proposal, in: &$0) }
        state.withLock { state in
            state.next = number + 1
            state.open.insert(number)
        }
        return proposal
    }

    /// Maker and checker are told apart by who they are proven to be.
    static func require(_ caller: Caller, reason: String) throws {
        guard !caller.client.isEmpty else {
            throw RPCError(
                .unauthenticated, "who changes rules has to be known: call through the gateway")
        }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw RPCError.invalid([
                FieldViolation(field: "/reason", description: "say why", reason: "required")
            ])
        }
    }

    static func check(_ expected: [UInt8], isLive row: LiveRow) throws {
        guard expected.isEmpty || expected == row.set.ruleSet else {
            throw RuleRefusal.moved(live: row.set.ruleSet)
        }
    }
}
