internal import AssayMessages
internal import RuleLanguage
internal import Wire

/// Shows what a recorded decision was made from: facts, and what each rule of then read and said.
struct DecisionExplainer {
    private static let maximumRules = 512
    private static let maximumFactsOfRule = 64

    let record: AssayRiskV1.DecisionRecord
    let rules: RuleSet
    let policy: Policy
    /// Whether typologies of money laundering, and the facts that only they read, may be shown: whoever is
    /// not concerned with them must not learn that a customer is looked at.
    let showsTypologies: Bool

    func explanation(
        _ decision: AssayRiskV1.Decision, _ evidence: DecisionEvidence?, personal: Bool
    ) -> AssayRiskV1.DecisionExplanation {
        let frame = try? RecordedFrame(record, evidence: evidence, catalogue: rules.catalogue)
        let verdicts = RecordedVerdicts(record).verdicts(in: rules)
        let facts = ExplainedFacts(
            record.facts, catalogue: rules.catalogue, asked: askedFacts(verdicts),
            without: hiddenFacts,
            personal: personal ? frame?.sheet : nil)
        return AssayRiskV1.DecisionExplanation(
            decision: decision, facts: facts.messages, rules: traces(frame, verdicts, facts),
            entities: record.entities)
    }

    /// The rules that were not silent as they were recorded, and those that were, by rising id.
    private func traces(
        _ frame: RecordedFrame?, _ verdicts: [AssayRiskV1.Verdict?], _ facts: ExplainedFacts
    ) -> [AssayRiskV1.RuleTrace] {
        let errors = frame.map(evaluationErrors) ?? [:]
        return rules.rules.indices.lazy.filter { index in
            let rule = rules.rules[index]
            return (showsTypologies || !rule.isTypology)
                && (verdicts[index] != nil || wasRun(rule))
        }
        .prefix(Self.maximumRules).map { index in
            let rule = rules.rules[index]
            let verdict = verdicts[index] ?? .noHit
            return AssayRiskV1.RuleTrace(
                rule: rule.id, name: rule.name, condition: rule.condition, verdict: verdict,
                facts: rule.facts.compactMap { facts.positions[$0] }
                    .prefix(Self.maximumFactsOfRule).map { $0 },
                cause: cause(verdict, rule, facts, errors[rule.id]))
        }
    }

    /// Facts of rules that did not simply say no: shown even if nobody knew them.
    private func askedFacts(_ verdicts: [AssayRiskV1.Verdict?]) -> Set<Int> {
        var slots: Set<Int> = []
        for (rule, verdict) in zip(rules.rules, verdicts) where verdict != nil {
            slots.formUnion(rule.facts)
        }
        return slots
    }

    /// Facts that nothing but typologies reads.
    private var hiddenFacts: Set<Int> {
        guard !showsTypologies else { return [] }
        var (typologies, others): (Set<Int>, Set<Int>) = ([], [])
        for rule in rules.rules {
            if rule.isTypology {
                typologies.formUnion(rule.facts)
            } else {
                others.formUnion(rule.facts)
            }
        }
        return typologies.subtracting(others)
    }

    /// Whether the rule looked at the event then.
    private func wasRun(_ rule: Rule) -> Bool {
        guard record.kind == .transaction, rule.state == .live,
            policy.rules?.contains(rule.id) ?? true,
            rule.industries?.contains(Industries.name(of: record.industry)) ?? true
        else { return false }
        guard let second = record.occurredAt?.seconds else { return true }
        return second >= rule.validFrom ?? .min && second < rule.validUntil ?? .max
    }

    private func evaluationErrors(_ frame: RecordedFrame) -> [String: EvaluationError] {
        var evaluator = Evaluator()
        let run = rules.run(
            over: frame.sheet, industry: frame.industry, at: frame.occurredAt, only: policy.rules,
            expects: frame.expects, evaluator: &evaluator)
        var errors: [String: EvaluationError] = [:]
        for entry in run.entries {
            if case .error(let error) = entry.verdict { errors[rules.rules[entry.rule].id] = error }
        }
        return errors
    }

    private func cause(
        _ verdict: AssayRiskV1.Verdict, _ rule: Rule, _ facts: ExplainedFacts,
        _ error: EvaluationError?
    ) -> String {
        switch verdict {
        case .error: return error.map { "\($0)" } ?? "the condition could not be computed"
        case .notEvaluated, .skipped:
            let missing = rule.facts.compactMap { slot -> String? in
                let name = rules.catalogue.entries[slot].name
                guard let position = facts.positions[slot] else { return "\(name) absent" }
                let status = facts.messages[Int(position)].status
                return status == .present || status == .empty ? nil : "\(name) \(status)"
            }
            return String(missing.joined(separator: ", ").prefix(500))
        default: return ""
        }
    }
}
