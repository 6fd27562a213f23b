public import AssayMessages
public import RPC
internal import Wire

extension RuleAdministrator {
    /// Makes an approved proposal live, if what it changes still is.
    public func apply(
        _ request: AssayRiskV1.ApplyRequest, by caller: Caller
    ) async throws -> AssayRiskV1.RuleSet {
        try Self.require(caller, reason: request.reason)
        let change = RuleRequest(
            request, id: request.requestID, method: "apply", stated: request.actor, by: caller,
            at: now())
        return try await self.change { try await self.applyNow(request, change) }
    }

    private func applyNow(
        _ request: AssayRiskV1.ApplyRequest, _ change: RuleRequest
    ) async throws -> AssayRiskV1.RuleSet {
        if let known = try change.remembered(in: rows.store, as: AssayRiskV1.RuleSet.self) {
            return known
        }
        var row = try proposal(request.proposalID, of: change.tenant)
        let isAlone = try isAlone(row, request)
        let live = state.withLock { $0.row }
        try Self.check(request.expectedRuleSet, isLive: live)
        if let unapproved = live.unapproved.first, !isAlone {
            throw RuleRefusal.precondition(
                "\(ProposalRow.prefix)\(unapproved) is live by break_glass and goes back by "
                    + "itself: approve or reject it first", "BREAK_GLASS_OPEN")
        }
        row.proposal.status = .applied
        row.proposal.appliedAt = change.at
        row.proposal.appliedBy = change.client
        var record = change.record("rules.applied", reason: request.reason, ticket: request.ticket)
        record.breakGlass = isAlone
        switch row.proposal.exception {
        case nil:
            return try await goLive(row, row.files, texts: nil, record, isAlone, change)
        case .listEntry(let entry)?:
            let file = try edited(entry)
            return try await goLive(
                row, RuleStore.keyed([file]), texts: [file], record, isAlone, change)
        case .some(let exception):
            return try await allow(exception, row, record, isAlone, change)
        }
    }

    /// Whether the caller applies it without an approval, as `break_glass` allows.
    private func isAlone(_ row: ProposalRow, _ request: AssayRiskV1.ApplyRequest) throws -> Bool {
        let id = row.proposal.proposalID
        switch row.proposal.status {
        case .approved: return false
        case .proposed where request.breakGlass: return true
        case .proposed where !options.requiresApproval: return false
        case .proposed:
            throw RuleRefusal.precondition(
                "nobody has approved \(id) yet: another person has to, with ReviewProposal",
                "APPROVAL_MISSING")
        case .void:
            throw RuleRefusal.precondition(
                "\(id) is void: the rules that it was made from are no longer live; propose it "
                    + "again", "PROPOSAL_VOID")
        case .applied, .rejected, .unspecified, .unrecognized:
            throw RuleRefusal.precondition("\(id) is \(row.proposal.status)", "PROPOSAL_CLOSED")
        }
    }

    /// Compiles the files once more and makes them live.
    private func goLive(
        _ proposal: ProposalRow, _ keyed: [AssayRiskV1.RuleFile],
        texts: [AssayRiskV1.RuleFile]?, _ record: AssayRiskV1.ChangeRecord, _ isAlone: Bool,
        _ change: RuleRequest
    ) async throws -> AssayRiskV1.RuleSet {
        var files = texts ?? []
        if texts == nil { files = try read(keyed) }
        let compiled: CompiledRules
        do {
            compiled = try await compiler.compile(try folder.laid(under: files)).get()
        } catch {
            refuse(error.problems)
            throw RuleRefusal.files(error)
        }
        var next = newRow(compiled, by: change.client, at: change.at)
        next.set.proposalID = proposal.proposal.proposalID
        next.set.reason = record.reason
        if isAlone {
            let before = state.withLock { $0.row }
            next.revertTo = before.revertTo ?? before.set
            next.unapproved.append(proposal.number)
            next.set.revertsAt =
                before.set.revertsAt
                ?? Timestamp(seconds: change.at.seconds + Self.breakGlassSeconds)
        }
        try await goLive(compiled, next, record, applied: proposal, request: change)
        return Self.answer(next)
    }

    /// Files with their texts instead of the keys.
    private func read(_ keyed: [AssayRiskV1.RuleFile]) throws -> [AssayRiskV1.RuleFile] {
        var files: [AssayRiskV1.RuleFile] = []
        for file in keyed {
            let text = file.text.isEmpty ? "" : try rows.text(file.text)
            files.append(AssayRiskV1.RuleFile(name: file.name, text: text))
        }
        return files
    }

    /// Puts an override or a snooze in force. The files stay as they are.
    private func allow(
        _ exception: AssayRiskV1.RuleException, _ proposal: ProposalRow,
        _ record: AssayRiskV1.ChangeRecord, _ isAlone: Bool, _ change: RuleRequest
    ) async throws -> AssayRiskV1.RuleSet {
        try check(exception, at: change.at)
        let kept = state.withLock { $0.exceptions }.filter { $0.until > change.at.seconds }
        guard kept.count < Self.maximumExceptions else {
            throw RPCError(.resourceExhausted, "\(kept.count) exceptions are in force already")
        }
        let limit = isAlone ? change.at.seconds + Self.breakGlassSeconds : Int64.max
        let row = ExceptionRow(
            number: proposal.number, tenant: change.tenant, exception: exception,
            from: change.at.seconds, limit: limit)
        var next = state.withLock { $0.row }
        next.set.generation += 1
        next.set.appliedAt = change.at
        next.set.appliedBy = change.client
        next.set.proposalID = proposal.proposal.proposalID
        next.set.reason = record.reason
        var record = record
        record.base = next.set.ruleSet
        record.candidate = next.set.ruleSet
        let answer = Self.answer(next)
        try await commit(record, proposal: proposal) { batch in
            rows.put(row, into: &batch)
            rows.put(next, into: &batch)
            change.remember(answer, in: &batch)
        }
        state.withLock { state in
            state.row = next
            state.exceptions = kept + [row]
            state.open.remove(proposal.number)
        }
        publish()
        return answer
    }
}
