public import AssayMessages
internal import RuleLanguage

/// What differs between two sets: rules, parameters and lists by name, in that order, then policies
/// and other files whose differences show in none of them, and what running all rules costs.
public struct RuleComparison: Sendable {
    public static let maximumChanges = 200

    private var changes: [AssayRiskV1.RuleChange] = []

    /// The first two hundred changes from `old` to `new`.
    public static func changes(
        from old: CompiledRules, to new: CompiledRules
    ) -> [AssayRiskV1.RuleChange] {
        var comparison = RuleComparison()
        comparison.compare(
            "rule", lines(old.rules.rules), lines(new.rules.rules))
        comparison.compare(
            "parameter", old.contents.parameters.mapValues { [text($0)] },
            new.contents.parameters.mapValues { [text($0)] })
        comparison.compareLists(old.contents.lists, new.contents.lists)
        comparison.compareFiles(old.folder, new.folder)
        comparison.compare(
            "cost", ["all rules": ["\(old.cost) nodes"]], ["all rules": ["\(new.cost) nodes"]])
        return Array(comparison.changes.prefix(maximumChanges))
    }

    private static func text(_ parameter: Parameter) -> String { parameter.value.shown }

    /// What a rule says, a line for each thing.
    private static func lines(_ rules: [Rule]) -> [String: [String]] {
        var lines: [String: [String]] = [:]
        for rule in rules {
            lines[rule.id] = [
                "when \(rule.condition)", "name \(rule.name)", "score \(rule.score)",
                "severity \(rule.severity.rawValue)", "reason \(rule.reasonCode)",
                "outcome \(rule.outcome.rawValue)", "state \(rule.state.rawValue)",
                "industries \((rule.industries ?? ["all"]).sorted().joined(separator: ", "))",
                "on_missing \(rule.onMissing.rawValue)", "text \(rule.text.source)",
                "valid \(time(rule.validFrom)) to \(time(rule.validUntil))",
            ]
        }
        return lines
    }

    private static func time(_ seconds: Int64?) -> String { seconds.map { "\($0)" } ?? "always" }

    private mutating func compare(
        _ kind: String, _ old: [String: [String]], _ new: [String: [String]]
    ) {
        for name in Set(old.keys).union(new.keys).sorted() {
            switch (old[name], new[name]) {
            case (let before?, nil): add(kind, name, "removed", before, [])
            case (nil, let after?): add(kind, name, "added", [], after)
            case (let before?, let after?) where before != after:
                add(
                    kind, name, "changed", before.filter { !after.contains($0) },
                    after.filter { !before.contains($0) })
            default: break
            }
        }
    }

    /// Of lists only the entries that come and go, with how many there were.
    private mutating func compareLists(_ old: [String: [String]], _ new: [String: [String]]) {
        for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
            let before = Set(old[name] ?? [])
            let after = Set(new[name] ?? [])
            let gone = before.subtracting(after).sorted().prefix(20)
            let come = after.subtracting(before).sorted().prefix(20)
            add(
                "list", name,
                old[name] == nil ? "added" : new[name] == nil ? "removed" : "changed",
                ["\(before.count) entries"] + gone.map { Self.entry($0) },
                ["\(after.count) entries"] + come.map { Self.entry($0) })
        }
    }

    /// An entry without the seconds between which it counts.
    private static func entry(_ line: String) -> String {
        String(line.prefix { $0 != ";" })
    }

    /// Files besides packs and lists, and packs in which nothing above changed, such as a test.
    private mutating func compareFiles(_ old: RuleFolder, _ new: RuleFolder) {
        let isQuiet = changes.isEmpty
        for file in new.changes(from: old) {
            let isShown = file.name.hasPrefix("packs/") || file.name.hasPrefix("lists/")
            if isShown, !isQuiet { continue }
            let kind = file.name.hasPrefix("policy/") ? "policy" : "file"
            let change =
                old.texts[file.name] == nil ? "added" : file.text.isEmpty ? "removed" : "changed"
            let lines = Self.changedLines(old.texts[file.name] ?? "", file.text)
            add(kind, file.name, change, lines.gone, lines.come)
        }
    }

    /// The lines that only one of two texts has, in their order; the first forty of each.
    private static func changedLines(
        _ old: String, _ new: String
    ) -> (gone: [String], come: [String]) {
        let before = old.split(separator: "\n").map(String.init)
        let after = new.split(separator: "\n").map(String.init)
        let (a, b) = (Set(before), Set(after))
        return (
            Array(before.filter { !b.contains($0) }.prefix(40)),
            Array(after.filter { !a.contains($0) }.prefix(40))
        )
    }

    private mutating func add(
        _ kind: String, _ id: String, _ change: String, _ before: [String], _ after: [String]
    ) {
        changes.append(
            AssayRiskV1.RuleChange(
                kind: kind, id: id.limited(to: 128), change: change,
                before: before.joined(separator: "\n").limited(to: 4_096),
                after: after.joined(separator: "\n").limited(to: 4_096)))
    }
}

extension String {
    /// The text, cut between letters so that it has at most so many bytes.
    func limited(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var kept = ""
        var count = 0
        for character in self {
            count += character.utf8.count
            if count > bytes { break }
            kept.append(character)
        }
        return kept
    }
}

extension RuleSet {
    /// Static cost of a rule, in nodes.
    func cost(of rule: Rule) -> Int { program.expressions[rule.expression].cost }
}
