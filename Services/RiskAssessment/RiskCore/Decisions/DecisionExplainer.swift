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
        let hidden = hiddenFacts
        var facts = record.facts.filter { !hidden.contains($0.name) }
        if personal, let frame {
            for index in facts.indices where facts[index].value == nil {
                facts[index].value = rules.catalogue.schema.slot(of: facts[index].name)
                    .flatMap { frame.sheet.frame.value(at: $0) }.flatMap(FactValueCode.message)
            }
        }
        return AssayRiskV1.DecisionExplanation(
            decision: decision, facts: facts, rules: traces(frame, facts), entities: record.entities
        )
    }

    /// The rules that were not silent as they were recorded, and those that were, by rising id.
    private func traces(
        _ frame: RecordedFrame?, _ facts: [AssayRiskV1.RecordedFact]
    ) -> [AssayRiskV1.RuleTrace] {
        let recorded = Dictionary(
            record.rules.map { ($0.rule, $0) }, uniquingKeysWith: { first, _ in first })
        let errors = frame.map(evaluationErrors) ?? [:]
        let positions = Dictionary(
            facts.enumerated().map { ($0.element.name, UInt32($0.offset)) },
            uniquingKeysWith: { first, _ in first })
        return rules.rules.lazy.filter {
            (showsTypologies || !$0.isTypology) && (recorded[$0.id] != nil || wasRun($0))
        }
        .prefix(Self.maximumRules).map { rule in
            let names = rule.facts.map { rules.catalogue.entries[$0].name }
            let verdict = recorded[rule.id]?.verdict ?? .noHit
            return AssayRiskV1.RuleTrace(
                rule: rule.id, name: rule.name, condition: rule.condition, verdict: verdict,
                facts: names.compactMap { positions[$0] }.prefix(Self.maximumFactsOfRule)
                    .map { $0 },
                cause: cause(verdict, names, errors[rule.id]))
        }
    }

    /// Facts that nothing but typologies reads.
    private var hiddenFacts: Set<String> {
        guard !showsTypologies else { return [] }
        var (typologies, others): (Set<Int>, Set<Int>) = ([], [])
        for rule in rules.rules {
            if rule.isTypology {
                typologies.formUnion(rule.facts)
            } else {
                others.formUnion(rule.facts)
            }
        }
        return Set(typologies.subtracting(others).map { rules.catalogue.entries[$0].name })
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
        _ verdict: AssayRiskV1.Verdict, _ names: [String], _ error: EvaluationError?
    ) -> String {
        switch verdict {
        case .error: return error.map { "\($0)" } ?? "the condition could not be computed"
        case .notEvaluated, .skipped:
            let statuses = Dictionary(
                record.facts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            let missing = names.compactMap { name -> String? in
                guard let fact = statuses[name] else { return "\(name) absent" }
                let isKnown = fact.status == .present || fact.status == .empty
                return isKnown ? nil : "\(name) \(fact.status)"
            }
            return String(missing.joined(separator: ", ").prefix(500))
        default: return ""
        }
    }
}
