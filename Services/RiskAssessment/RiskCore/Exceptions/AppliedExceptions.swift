public import AssayMessages

/// The exceptions that concern one event.
public struct AppliedExceptions: Sendable, Hashable {
    /// Empty: there is none.
    public var overrideID = ""
    /// Ids.
    public var snoozedRules: Set<String> = []

    public init() {}

    /// Those that a recorded decision was made with, as far as they made a difference: deciding
    /// again with them comes out the same.
    public init(_ record: AssayRiskV1.DecisionRecord) {
        overrideID = record.outcome.overrideID
        snoozedRules = Set(record.rules.lazy.filter { $0.verdict == .snoozed }.map(\.rule))
    }
}

extension RuleRun {
    /// Silences the rules that were snoozed for the event's subject, unless they demand that it is
    /// declined.
    mutating func snooze(_ exceptions: AppliedExceptions, in rules: RuleSet) {
        guard !exceptions.snoozedRules.isEmpty else { return }
        for index in entries.indices {
            let rule = rules.rules[entries[index].rule]
            let counts =
                entries[index].verdict == .hit
                || (entries[index].verdict == .notEvaluated && rule.onMissing != .skip)
            if counts, rule.outcome != .decline, exceptions.snoozedRules.contains(rule.id) {
                entries[index].verdict = .snoozed
            }
        }
    }
}
