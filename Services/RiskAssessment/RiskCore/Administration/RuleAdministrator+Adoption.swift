internal import AssayMessages
internal import Wire

// What becomes live: files of a folder, of a proposal, or those that were live before.

extension RuleAdministrator {
    static let itself = "assay-risk"

    /// Takes the files of a folder live if they differ from those that were taken last: for
    /// development, where nobody approves. Files with problems change nothing.
    ///
    public func follow(_ folder: RuleFolder) async throws -> Following {
        try await change {
            let digest = folder.digest
            if self.state.withLock({ $0.row.adopted == digest }) {
                self.state.withLock { $0.refused = [] }
                return .unchanged
            }
            switch await self.compiler.compile(folder) {
            case .failure(let failure):
                self.refuse(failure.problems)
                return .refused(failure)
            case .success(let compiled):
                try await self.adopt(compiled, reason: "the folder changed")
                return .live
            }
        }
    }

    /// What became of the files of a folder.
    public enum Following: Sendable {
        /// They are those that were taken last.
        case unchanged
        case live
        case refused(ConfigurationFailure)
    }

    /// Notes why files that were to decide do not.
    public func refuse(_ problems: [Problem]) {
        state.withLock {
            $0.refused = problems
            $0.refusals += 1
        }
    }

    /// Makes the files of the folder live.
    func adopt(_ compiled: CompiledRules, reason: String) async throws {
        var row = newRow(compiled, by: Self.itself, at: now())
        row.adopted = row.folder
        row.revertTo = nil
        row.unapproved = []
        try await goLive(compiled, row, because: reason)
    }

    /// Gives the files that are live the name that this process reads them to: another profile, or
    /// a program that takes the same files otherwise.
    func rename(_ compiled: CompiledRules) async throws {
        var row = newRow(compiled, by: Self.itself, at: now())
        row.set.revertsAt = state.withLock { $0.row.set.revertsAt }
        try await goLive(compiled, row, because: "the same files are read otherwise")
    }

    private func goLive(
        _ compiled: CompiledRules, _ row: LiveRow, because reason: String
    ) async throws {
        var row = row
        row.set.reason = reason.limited(to: 2_048)
        let record = AssayRiskV1.ChangeRecord(
            kind: "rules.adopted", at: now(), actor: Self.itself, reason: row.set.reason)
        try await goLive(compiled, row, record)
    }

    /// The row of a set that is about to become live.
    func newRow(_ compiled: CompiledRules, by actor: String, at time: Timestamp) -> LiveRow {
        var row = state.withLock { $0.row }
        row.set = AssayRiskV1.RuleSet(
            ruleSet: compiled.rules.digest, generation: row.set.generation + 1,
            rules: UInt32(compiled.rules.rules.count { $0.state == .live }), appliedAt: time,
            appliedBy: actor, files: RuleStore.keyed(compiled.folder))
        row.folder = compiled.folder.digest
        return row
    }

    /// Makes files durable, then, in one step, live; then they decide. Proposals that were made from
    /// other files are void from then on.
    func goLive(
        _ compiled: CompiledRules, _ row: LiveRow, _ record: AssayRiskV1.ChangeRecord,
        applied: ProposalRow? = nil, request: RuleRequest? = nil
    ) async throws {
        let before = state.withLock { $0 }
        let kept = Set(before.row.set.files.map(\.text))
        let missing = row.set.files.filter { !kept.contains($0.text) }
        try rows.keep(missing.map { compiled.folder.texts[$0.name] ?? "" })
        try keepForReplay(compiled)
        var voided: [ProposalRow] = []
        for number in before.open.sorted() where number != applied?.number {
            guard var other = try rows.proposal(number), other.isOfFiles,
                other.base != row.folder
            else { continue }
            other.proposal.status = .void
            voided.append(other)
        }
        var record = record
        record.base = before.row.set.ruleSet
        record.candidate = row.set.ruleSet
        record.policy = compiled.policy.digest
        try await commit(record, proposal: applied) { batch in
            rows.put(row, into: &batch)
            for other in voided { rows.put(other, into: &batch) }
            request?.remember(Self.answer(row), in: &batch)
        }
        state.withLock { state in
            state.row = row
            state.compiled = compiled
            state.refused = []
            state.reloads += 1
            for other in voided { state.open.remove(other.number) }
            if let applied, !applied.isOpen { state.open.remove(applied.number) }
        }
        publish()
    }

    private func keepForReplay(_ compiled: CompiledRules) throws {
        try archive.keep(
            compiled.rules, sources: try compiled.folder.sources(), profile: compiler.profile)
        for file in compiler.policies(of: compiled.folder) {
            try archive.keep(policyText: file.text)
        }
        for policy in compiled.policies.all { archive.remember(policy) }
    }

    /// What a caller is told of what is live: without files.
    static func answer(_ row: LiveRow) -> AssayRiskV1.RuleSet {
        var set = row.set
        set.files = []
        return set
    }

    // MARK: Back again

    /// What one person brought live goes back after a day, unless somebody approved it. To be called
    /// now and then; it does nothing before that.
    public func revertIfDue() async throws {
        let isDue = state.withLock { state in
            state.row.set.revertsAt.map { $0 <= now() } ?? false
        }
        guard isDue else { return }
        try await change {
            let row = self.state.withLock { $0.row }
            guard let due = row.set.revertsAt, due <= self.now() else { return }
            try await self.revert(
                "nobody approved it within 24 hours", by: Self.itself)
        }
    }

    /// Makes live what was before the changes that one person made alone.
    func revert(_ reason: String, by actor: String) async throws {
        let before = state.withLock { $0.row }
        guard let set = before.revertTo else { return }
        let compiled: CompiledRules
        do {
            compiled = try await compiler.compile(try rows.folder(set)).get()
        } catch let failure as ConfigurationFailure {
            refuse(failure.problems)
            throw RuleRefusal.precondition(
                "the rules that were live before no longer load", "RULES_INVALID")
        }
        var row = newRow(compiled, by: actor, at: now())
        row.set.reason = reason
        row.revertTo = nil
        row.unapproved = []
        let record = AssayRiskV1.ChangeRecord(
            kind: "rules.reverted", at: now(), actor: actor, reason: reason)
        try await goLive(compiled, row, record)
    }
}
