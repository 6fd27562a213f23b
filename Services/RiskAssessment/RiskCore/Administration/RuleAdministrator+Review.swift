public import AssayMessages
public import RPC
internal import Wire

extension RuleAdministrator {
    /// Approves or rejects what another person proposed. The author's own review is refused, and the
    /// attempt is sealed into the log.
    public func review(
        _ request: AssayRiskV1.ReviewRequest, by caller: Caller
    ) async throws -> AssayRiskV1.Proposal {
        try Self.require(caller, reason: "-")
        let change = RuleRequest(
            request, id: request.requestID, method: "review", stated: request.actor, by: caller,
            at: now())
        return try await self.change { try await self.reviewNow(request, change) }
    }

    private func reviewNow(
        _ request: AssayRiskV1.ReviewRequest, _ change: RuleRequest
    ) async throws -> AssayRiskV1.Proposal {
        if let known = try change.remembered(in: rows.store, as: AssayRiskV1.Proposal.self) {
            return known
        }
        var row = try proposal(request.proposalID, of: change.tenant)
        guard row.proposal.author != change.client else {
            var record = change.record(
                "rules.review_refused", reason: "the author reviewed the own proposal", ticket: "")
            record.base = row.proposal.base
            record.candidate = row.proposal.candidate
            try await commit(record, proposal: row) { _ in }
            throw RuleRefusal.own(change.client)
        }
        let isUnapproved = isUnapproved(row)
        guard row.proposal.status == .proposed || isUnapproved else {
            throw RuleRefusal.precondition(
                "\(row.proposal.proposalID) is \(row.proposal.status); "
                    + "only what is proposed can be reviewed", "PROPOSAL_CLOSED")
        }
        guard row.proposal.reviews.count < 64 else {
            throw RuleRefusal.precondition("there are 64 reviews already", "PROPOSAL_CLOSED")
        }
        row.proposal.reviews.append(
            AssayRiskV1.ProposalReview(
                reviewer: change.client, approve: request.approve, comment: request.comment,
                at: change.at))
        if isUnapproved {
            row = try await judge(row, request, change)
        } else {
            row.proposal.status = request.approve ? .approved : .rejected
            try await commit(record(row, request, change), proposal: row) {
                change.remember(row.proposal, in: &$0)
            }
            if !request.approve { state.withLock { _ = $0.open.remove(row.number) } }
        }
        return row.proposal
    }

    private func record(
        _ row: ProposalRow, _ request: AssayRiskV1.ReviewRequest, _ change: RuleRequest
    ) -> AssayRiskV1.ChangeRecord {
        var record = change.record(
            request.approve ? "rules.approved" : "rules.rejected", reason: request.comment,
            ticket: row.proposal.ticket)
        record.base = row.proposal.base
        record.candidate = row.proposal.candidate
        return record
    }

    /// Whether one person alone made it live.
    private func isUnapproved(_ row: ProposalRow) -> Bool {
        guard row.proposal.status == .applied else { return false }
        return state.withLock { state in
            state.row.unapproved.contains(row.number)
                || state.exceptions.contains { $0.number == row.number && $0.limit != .max }
        }
    }

    /// An approval lets stay what one person made live; a rejection takes it back at once.
    private func judge(
        _ row: ProposalRow, _ request: AssayRiskV1.ReviewRequest, _ change: RuleRequest
    ) async throws -> ProposalRow {
        var row = row
        let (live, exceptions) = state.withLock { ($0.row, $0.exceptions) }
        if var exception = exceptions.first(where: { $0.number == row.number }) {
            exception.limit = request.approve ? .max : change.at.seconds
            if !request.approve { row.proposal.status = .rejected }
            try await commit(record(row, request, change), proposal: row) { batch in
                rows.put(exception, into: &batch)
                change.remember(row.proposal, in: &batch)
            }
            let others = exceptions.filter { $0.number != row.number }
            state.withLock { $0.exceptions = others + [exception] }
            publish()
            return row
        }
        guard request.approve else {
            row.proposal.status = .rejected
            // Due from now on: should the process end here, the next one takes it back.
            var due = live
            due.set.revertsAt = change.at
            try await commit(record(row, request, change), proposal: row) { batch in
                rows.put(due, into: &batch)
                change.remember(row.proposal, in: &batch)
            }
            state.withLock { $0.row = due }
            try await revert(
                "\(change.client) rejected \(row.proposal.proposalID)", by: change.actor)
            return row
        }
        var next = live
        next.unapproved.removeAll { $0 == row.number }
        if next.unapproved.isEmpty {
            next.revertTo = nil
            next.set.revertsAt = nil
        }
        try await commit(record(row, request, change), proposal: row) { batch in
            rows.put(next, into: &batch)
            change.remember(row.proposal, in: &batch)
        }
        state.withLock { $0.row = next }
        return row
    }
}
