internal import AssayMessages

/// What a record says of the rules: those that held by name, and those that could not be told by their positions in
/// the rule set. All others that ran did not hold.
struct RecordedVerdicts {
    private(set) var rules: [AssayRiskV1.RecordedRule] = []
    private(set) var notEvaluated = BitColumn()
    private(set) var skipped = BitColumn()

    init(_ run: RuleRun, _ set: RuleSet) {
        for entry in run.entries {
            switch entry.verdict {
            case .notEvaluated: notEvaluated.insert(entry.rule)
            case .skipped: skipped.insert(entry.rule)
            case .hit, .noHit, .error, .snoozed, .shadowHit:
                rules.append(
                    AssayRiskV1.RecordedRule(
                        rule: set.rules[entry.rule].id, verdict: entry.verdict.message))
            }
        }
    }

    init(_ record: AssayRiskV1.DecisionRecord) {
        rules = record.rules
        notEvaluated = BitColumn(record.notEvaluated)
        skipped = BitColumn(record.skipped)
    }

    /// The verdict of every rule of the set that the record was made with, by its position; nil for those that did
    /// not hold, or did not run.
    func verdicts(in set: RuleSet) -> [AssayRiskV1.Verdict?] {
        let named = Dictionary(
            rules.map { ($0.rule, $0.verdict) }, uniquingKeysWith: { first, _ in first })
        return set.rules.enumerated().map { position, rule in
            if let verdict = named[rule.id] { return verdict }
            if notEvaluated.contains(position) { return .notEvaluated }
            return skipped.contains(position) ? .skipped : nil
        }
    }
}
