/// The file `breaking.allow`: changes that are meant to break, each until a day and for a reason.
///
///     # rule   full name                             until       reason
///     WIRE-01  bank.risk.v1.AssessRequest.old_score  2026-12-31  no record was ever written with it
public struct BreakingAllowances: Sendable {
    struct Entry: Sendable {
        let rule: BreakingRule
        let name: String
        let until: Day
        let line: Int
    }

    /// Something about the file itself.
    public struct Remark: Sendable, Hashable {
        public let severity: Severity
        /// One-based.
        public let line: Int
        public let message: String
    }

    private(set) var entries: [Entry] = []
    /// Lines that are not understood.
    private(set) var remarks: [Remark] = []

    public init(text: String = "") {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let words = line.split(maxSplits: 3, whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            read(words, line: index + 1)
        }
    }

    private mutating func read(_ words: [Substring], line: Int) {
        func refuse(_ message: String) {
            remarks.append(Remark(severity: .error, line: line, message: Prose.clipped(message)))
        }
        guard words.count == 4 else {
            return refuse("expected a rule, a full name, a day such as 2026-12-31, and a reason")
        }
        guard let rule = BreakingRule(rawValue: String(words[0])) else {
            let names = BreakingRule.allCases.map(\.rawValue)
            let hint = Suggestion.hint(for: String(words[0]), among: names)
            return refuse("unknown rule '\(words[0])'" + (hint.map { "; \($0)" } ?? ""))
        }
        guard let until = Day(words[2]) else {
            return refuse("'\(words[2])' is not a day such as 2026-12-31")
        }
        entries.append(Entry(rule: rule, name: String(words[1]), until: until, line: line))
    }
}

/// The findings of a comparison, sorted by what they mean for the person who asks.
public struct BreakingVerdict: Sendable {
    /// Findings that fail the check.
    public private(set) var failures: [BreakingFinding] = []
    /// Findings of levels that were not asked for.
    public private(set) var warnings: [BreakingFinding] = []
    /// Findings that `breaking.allow` permits.
    public private(set) var allowed: [BreakingFinding] = []
    /// What there is to say about `breaking.allow`.
    public private(set) var remarks: [BreakingAllowances.Remark]

    public var isClean: Bool {
        failures.isEmpty && !remarks.contains { $0.severity == .error }
    }

    /// - Parameter levels: the levels that fail.
    public init(
        _ findings: [BreakingFinding], levels: Set<BreakingLevel>, allowances: BreakingAllowances,
        today: Day
    ) {
        remarks = allowances.remarks
        var unused = Set(allowances.entries.indices)
        for finding in findings {
            guard levels.contains(finding.rule.level) else {
                warnings.append(finding)
                continue
            }
            let matching = allowances.entries.indices.filter { index in
                let entry = allowances.entries[index]
                return entry.rule == finding.rule && entry.name == finding.name
            }
            unused.subtract(matching)
            let isAllowed = matching.contains { allowances.entries[$0].until >= today }
            if isAllowed { allowed.append(finding) } else { failures.append(finding) }
        }
        for (index, entry) in allowances.entries.enumerated() {
            if entry.until < today {
                remarks.append(
                    .init(
                        severity: .error, line: entry.line,
                        message: "'\(entry.rule.rawValue) \(entry.name)' expired on \(entry.until)")
                )
            } else if unused.contains(index) {
                remarks.append(
                    .init(
                        severity: .warning, line: entry.line,
                        message: "'\(entry.rule.rawValue) \(entry.name)' permits nothing; remove it"
                    ))
            }
        }
        remarks.sort { ($0.line, $0.message) < ($1.line, $1.message) }
    }
}
