internal import Synchronization

/// Counts what the rules of one set do, without a lock and without touching a rule that did not
/// hold: a run counts itself by industry and its exceptional verdicts by rule, and how often a rule
/// did not hold follows from both.
final class RuleCounters: Sendable {
    /// Verdicts that are counted by rule. `notApplied`: the rule was outside its time, or the
    /// policy does not look at it.
    private enum Column: Int, CaseIterable {
        case hit, notEvaluated, error, skipped, notApplied
    }

    private static let industries = ["default"] + Industries.names

    private let rules: RuleSet
    /// Rules that a time or a state may keep from a run, so that it must be looked at.
    private let timed: [Int]
    private let cells: AtomicCounters
    private let runs: AtomicCounters

    init(rules: RuleSet) {
        self.rules = rules
        timed = rules.rules.indices.filter {
            let rule = rules.rules[$0]
            return rule.state.runs && (rule.validFrom != nil || rule.validUntil != nil)
        }
        cells = AtomicCounters(count: rules.rules.count * Column.allCases.count)
        runs = AtomicCounters(count: Self.industries.count)
    }

    /// Counts a run of the live rules over one event.
    func count(_ run: RuleRun, industry: String, at second: Int64, only: Set<String>?) {
        runs.add(Self.industries.firstIndex(of: industry) ?? 0)
        for entry in run.entries {
            switch entry.verdict {
            case .hit, .snoozed, .shadowHit: add(entry.rule, .hit)
            case .notEvaluated: add(entry.rule, .notEvaluated)
            case .error: add(entry.rule, .error)
            case .skipped: add(entry.rule, .skipped)
            case .noHit: break
            }
        }
        if let only {
            for index in rules.rules.indices {
                let rule = rules.rules[index]
                if !only.contains(rule.id), Self.applies(rule, industry) { add(index, .notApplied) }
            }
        }
        for index in timed {
            let rule = rules.rules[index]
            let isOutside = second < rule.validFrom ?? .min || second >= rule.validUntil ?? .max
            if isOutside, only?.contains(rule.id) ?? true, Self.applies(rule, industry) {
                add(index, .notApplied)
            }
        }
    }

    /// Adds what every rule of the set did, by id.
    func add(to counts: inout [String: RuleCounts]) {
        let runs = Self.industries.indices.map { self.runs.value($0) }
        for (index, rule) in rules.rules.enumerated() where rule.state.runs {
            var sum = counts[rule.id] ?? RuleCounts()
            let hits = value(index, .hit)
            let missing = value(index, .notEvaluated)
            let errors = value(index, .error)
            let skipped = value(index, .skipped)
            let asked = zip(Self.industries, runs).reduce(UInt64(0)) { total, next in
                Self.applies(rule, next.0) ? total + next.1 : total
            }
            let others = hits + missing + errors + skipped + value(index, .notApplied)
            sum.hits += hits
            sum.notEvaluated += missing
            sum.errors += errors
            sum.skipped += skipped
            // A run that is being counted right now may be in one of both only.
            sum.noHits += asked > others ? asked - others : 0
            counts[rule.id] = sum
        }
    }

    private static func applies(_ rule: Rule, _ industry: String) -> Bool {
        rule.industries?.contains(industry) ?? true
    }

    private func add(_ rule: Int, _ column: Column) {
        cells.add(rule * Column.allCases.count + column.rawValue)
    }

    private func value(_ rule: Int, _ column: Column) -> UInt64 {
        cells.value(rule * Column.allCases.count + column.rawValue)
    }
}
