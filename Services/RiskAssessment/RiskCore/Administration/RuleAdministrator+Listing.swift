public import AssayMessages
internal import RPC
internal import Wire

extension RuleAdministrator {
    /// State of what stands in files that were refused: shown beside the rules.
    static let refusedState = "refused"

    /// Rules by rising id, and what they did since this process started. Problems of files that were
    /// to become live and did not come first.
    public func list(
        _ request: AssayRiskV1.ListRulesRequest
    ) throws -> AssayRiskV1.RulePage {
        let (compiled, row, refused) = state.withLock { ($0.compiled, $0.row, $0.refused) }
        let counts = live.counts()
        let size = request.pageSize == 0 ? 1_000 : Int(request.pageSize)
        var page = AssayRiskV1.RulePage(
            ruleSet: row.set.ruleSet, generation: row.set.generation)
        let isFirst = request.pageToken.isEmpty && request.pack.isEmpty && request.id.isEmpty
        if isFirst, request.state.isEmpty || request.state == Self.refusedState {
            page.rules = Self.refused(refused, at: min(size, 200))
        }
        for rule in compiled.rules.rules where rule.id > request.pageToken {
            guard request.state.isEmpty || rule.state.rawValue == request.state,
                request.pack.isEmpty || rule.pack == request.pack,
                request.id.isEmpty || rule.id.hasPrefix(request.id)
            else { continue }
            guard page.rules.count < size else {
                page.nextPageToken = page.rules.last?.id ?? ""
                break
            }
            page.rules.append(
                Self.shown(rule, compiled.rules, counts[rule.id] ?? RuleCounts()))
        }
        return page
    }

    private static func refused(_ problems: [Problem], at most: Int) -> [AssayRiskV1.RuleState] {
        problems.prefix(most).enumerated().map { index, problem in
            // Sorts before every rule, so that it never ends a page that goes on.
            AssayRiskV1.RuleState(
                id: "!\(index + 1)", name: "refused", pack: problem.file.limited(to: 64),
                state: refusedState, text: problem.description.limited(to: 512))
        }
    }

    private static func shown(
        _ rule: Rule, _ rules: RuleSet, _ counts: RuleCounts
    ) -> AssayRiskV1.RuleState {
        AssayRiskV1.RuleState(
            id: rule.id, name: rule.name, pack: rule.pack, packVersion: UInt64(rule.packVersion),
            state: rule.state.rawValue, condition: rule.condition, score: Int32(rule.score),
            severity: rule.severity.rawValue, outcome: rule.outcome.rawValue,
            reasonCode: rule.reasonCode, industries: rule.industries?.sorted() ?? ["all"],
            owner: rule.owner.limited(to: 128),
            facts: rule.facts.prefix(64).map { rules.catalogue.entries[$0].name },
            cost: UInt64(rules.cost(of: rule)), hits: counts.hits, noHits: counts.noHits,
            notEvaluated: counts.notEvaluated, errors: counts.errors, skipped: counts.skipped,
            text: rule.text.source.limited(to: 512), evidence: rule.evidence.limited(to: 2_048))
    }

    /// The files of the live set, or of one that was live.
    public func files(
        _ request: AssayRiskV1.ListRuleFilesRequest
    ) async throws -> AssayRiskV1.RuleSet {
        var set = state.withLock { $0.row.set }
        if !request.ruleSet.isEmpty, request.ruleSet != set.ruleSet {
            guard let kept = try? rows.manifest(of: request.ruleSet) else {
                throw RPCError(
                    .notFound, "no rule set \(Hexadecimal.text(request.ruleSet)) was ever live",
                    reason: "RULE_SET_UNKNOWN")
            }
            set = kept
        }
        do {
            var bytes = 0
            for index in set.files.indices {
                let text = try rows.text(set.files[index].text)
                bytes += text.utf8.count
                guard text.utf8.count <= 4 << 20, bytes <= 31 << 20 else {
                    throw RPCError(
                        .resourceExhausted,
                        "the files are too long for one reply; \(set.files[index].name) has "
                            + "\(text.utf8.count) bytes")
                }
                set.files[index].text = text
            }
        } catch {
            throw RuleRefusal.unavailable(error)
        }
        return set
    }

    /// Proposals of a tenant, newest first.
    public func proposals(
        _ request: AssayRiskV1.ListProposalsRequest, of tenant: String
    ) throws -> AssayRiskV1.ProposalPage {
        var below: UInt64?
        if !request.pageToken.isEmpty {
            guard let number = ProposalRow.number(of: request.pageToken) else {
                throw RPCError.invalid([
                    FieldViolation(field: "/page_token", description: "is none of this list")
                ])
            }
            below = number
        }
        let size = request.pageSize == 0 ? 10 : Int(request.pageSize)
        var page = AssayRiskV1.ProposalPage()
        do {
            try rows.proposals(below: below) { row in
                guard row.tenant == tenant,
                    request.status == .unspecified || row.proposal.status == request.status
                else { return true }
                guard page.proposals.count < size else {
                    page.nextPageToken = page.proposals.last?.proposalID ?? ""
                    return false
                }
                page.proposals.append(row.proposal)
                return true
            }
        } catch {
            throw RuleRefusal.unavailable(error)
        }
        return page
    }
}
