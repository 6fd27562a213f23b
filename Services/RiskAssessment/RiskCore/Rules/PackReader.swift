internal import Foundation
internal import RuleLanguage

/// Reads packs of the format `assay.rules/1` and collects every problem.
struct PackReader {
    static let format = "assay.rules/1"
    static let maximumRules: Int64 = 5_000
    static let maximumOwnerBytes = 128
    static let maximumTextBytes = 512
    static let maximumEvidenceBytes = 2_048

    let catalogue: FactCatalogue
    let reasonCodes: ReasonCodeTable
    var problems: [Problem] = []

    init(catalogue: FactCatalogue, reasonCodes: ReasonCodeTable) {
        self.catalogue = catalogue
        self.reasonCodes = reasonCodes
    }

    mutating func read(_ file: RuleSources.File) -> Pack? {
        guard let root = YAMLFile.parse(file.text, file: file.name, &problems) else { return nil }
        let keys = root.object(
            required: ["format", "pack", "version", "rules"],
            optional: ["owner", "tags", "parameters", "note"], examples: Self.examples, &problems)
        checkFormat(keys["format"])
        var pack = Pack()
        pack.name = readName(keys["pack"], such: "velocity", maximumBytes: 64) ?? ""
        pack.version = keys["version"]?.int(1...Int64.max, &problems) ?? 0
        pack.owner =
            keys["owner"].map {
                readName($0, such: "fraud-strategy@bank.example", maximumBytes: 128) ?? ""
            } ?? ""
        pack.tags = readTags(keys["tags"])
        readParameters(keys["parameters"], into: &pack)
        pack.drafts = (keys["rules"]?.list(&problems) ?? []).compactMap { readRule($0, pack) }
        return pack
    }

    private mutating func checkFormat(_ node: SourceNode?) {
        guard let node, let format = node.text(&problems), format != Self.format else { return }
        problems.append(
            node.problem("expected the format \(Self.format), found '\(format.prefix(40))'"))
    }

    /// A text of few bytes without spaces.
    private mutating func readName(
        _ node: SourceNode?, such example: String, maximumBytes: Int
    ) -> String? {
        guard let node, let name = node.text(&problems) else { return nil }
        let isPlain = name.utf8.allSatisfy { $0 > UInt8(ascii: " ") && $0 != 0x7F }
        guard !name.isEmpty, name.utf8.count <= maximumBytes, isPlain else {
            problems.append(
                node.problem(
                    "expected 1 to \(maximumBytes) bytes without spaces such as \(example), "
                        + "found '\(name.prefix(40))'"))
            return nil
        }
        return name
    }

    private mutating func readTags(_ node: SourceNode?) -> [String] {
        guard let node else { return [] }
        return node.list(&problems).compactMap { $0.choice(Pack.Tag.self, &problems)?.rawValue }
    }

    // MARK: Rules

    private mutating func readRule(_ node: SourceNode, _ pack: Pack) -> Pack.Draft? {
        let keys = node.object(
            required: ["id", "name", "when", "score", "severity", "reason", "tests"],
            optional: [
                "outcome", "industries", "state", "valid", "on_missing", "stale", "text",
                "evidence",
                "note",
            ], examples: Self.examples, &problems)
        let id = readID(keys["id"])
        let name = readName(keys["name"], such: "high_velocity", maximumBytes: 64)
        let condition = keys["when"]?.text(&problems)
        let score = keys["score"]?.int(1...100, &problems)
        let severity = keys["severity"]?.choice(Severity.self, &problems)
        let reason = readReason(keys["reason"])
        let outcome =
            keys["outcome"].map { $0.choice(ForcedOutcome.self, &problems) } ?? ForcedOutcome.none
        let state = keys["state"].map { $0.choice(Rule.State.self, &problems) } ?? .live
        let onMissing =
            keys["on_missing"].map { $0.choice(Rule.OnMissing.self, &problems) } ?? .skip
        let stale = keys["stale"].map { $0.choice(Rule.Stale.self, &problems) } ?? .use
        let industries = readIndustries(keys["industries"])
        let valid = readValidity(keys["valid"])
        let text = readText(keys["text"], reason)
        let tests = readTests(keys["tests"])
        let evidence = readEvidence(keys["evidence"])
        if let outcome {
            check(outcome, keys["outcome"] ?? node, in: pack)
            if keys["evidence"] == nil {
                checkEvidence(outcome, condition ?? "", node, pack)
            }
        }
        guard let id, let name, let condition, let score, let severity, let reason, let outcome,
            let state, let onMissing, let stale, let text, let when = keys["when"]
        else { return nil }
        var rule = Rule(
            id: id, name: name, pack: pack.name, condition: condition, score: score,
            severity: severity, reasonCode: reason, outcome: outcome, industries: industries,
            state: state, onMissing: onMissing, text: text, validFrom: valid.from,
            validUntil: valid.until)
        rule.packVersion = pack.version
        rule.owner = pack.owner
        rule.stale = stale
        rule.isTypology = pack.has(.aml)
        rule.evidence = evidence
        return Pack.Draft(rule: rule, when: when, node: node, tests: tests)
    }

    /// An id that is wrong is told; the rest of the rule is read all the same.
    private mutating func readID(_ node: SourceNode?) -> String? {
        guard let node, let id = node.text(&problems) else { return nil }
        if !Self.isRuleID(id) {
            problems.append(
                node.problem("expected an id such as VEL-001, found '\(id.prefix(40))'"))
        }
        return id
    }

    private mutating func readReason(_ node: SourceNode?) -> String? {
        guard let node, let code = node.text(&problems) else { return nil }
        guard reasonCodes[code] != nil else {
            let names = reasonCodes.codes.keys.sorted()
            problems.append(
                node.problem(
                    "unknown reason code '\(code.prefix(64))'\(Self.nearest(code, among: names))"))
            return nil
        }
        return code
    }

    /// An alert is all that a typology does if it does not decline, and nothing that others do.
    private mutating func check(_ outcome: ForcedOutcome, _ node: SourceNode, in pack: Pack) {
        if outcome == .alert, !pack.has(.aml) {
            problems.append(
                node.problem(
                    "'alert' is for packs with 'tags: [aml]'; write none, challenge, review or decline"
                ))
        }
        if outcome != .alert, outcome != .decline, pack.has(.aml) {
            problems.append(
                node.problem(
                    "a rule of a pack with the tag aml has no points and would do nothing with the "
                        + "outcome \(outcome.rawValue); write 'outcome: alert', or decline"))
        }
    }

    private mutating func readEvidence(_ node: SourceNode?) -> String {
        guard let node, let text = node.text(&problems) else { return "" }
        if text.isEmpty || text.utf8.count > Self.maximumEvidenceBytes {
            problems.append(
                node.problem(
                    "expected 1 to \(Self.maximumEvidenceBytes) bytes of evidence, found "
                        + "\(text.utf8.count): the rule's false-positive rate, and where it was "
                        + "measured"))
        }
        return text
    }

    /// What holds payments back without evidence of its own must read a parameter that was tuned.
    private mutating func checkEvidence(
        _ outcome: ForcedOutcome, _ condition: String, _ node: SourceNode, _ pack: Pack
    ) {
        guard outcome == .review || outcome == .decline,
            !pack.tuned.contains(where: { Self.reads($0, condition) })
        else { return }
        problems.append(
            node.problem(
                "a rule that forces \(outcome.rawValue) needs 'evidence': "
                    + "its false-positive rate, and where it was measured"))
    }

    private static func reads(_ parameter: String, _ condition: String) -> Bool {
        condition.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
            .contains { $0 == "P.\(parameter)" }
    }

    private mutating func readIndustries(_ node: SourceNode?) -> Set<String>? {
        guard let node else { return nil }
        var names: [String] = []
        let entries = node.list(&problems)
        for entry in entries {
            guard let name = entry.text(&problems) else { continue }
            names.append(name)
            if name != "all", !Industries.names.contains(name) {
                let known = (["all"] + Industries.names).joined(separator: ", ")
                problems.append(
                    entry.problem("unknown industry '\(name.prefix(40))'; known are \(known)"))
            }
        }
        if entries.isEmpty, node.node.sequence != nil {
            problems.append(node.problem("expected an industry, or [all], found none"))
        }
        return names.contains("all") ? nil : Set(names)
    }

    private mutating func readValidity(_ node: SourceNode?) -> (from: Int64?, until: Int64?) {
        guard let node else { return (nil, nil) }
        let keys = node.object(required: [], optional: ["from", "until"], &problems)
        let (from, until) = (readTime(keys["from"]), readTime(keys["until"]))
        if let from, let until, from >= until {
            problems.append(
                node.problem("'until' is not after 'from', so the rule would never hold"))
        }
        return (from, until)
    }

    mutating func readTime(_ node: SourceNode?) -> Int64? {
        guard let node, let text = node.text(&problems) else { return nil }
        guard let instant = Instant(dateOrTime: text) else {
            problems.append(
                node.problem(
                    "expected a time such as 2026-01-01T00:00:00Z or a date such as 2026-01-01, "
                        + "found '\(text.prefix(40))'"))
            return nil
        }
        return instant.seconds
    }

    /// Without a text of its own a rule says what its reason says.
    private mutating func readText(_ node: SourceNode?, _ reason: String?) -> TextTemplate? {
        var refusals: [String] = []
        let source = node?.text(&problems) ?? reason.flatMap { reasonCodes[$0]?.text } ?? ""
        if let node, source.utf8.count > Self.maximumTextBytes {
            problems.append(
                node.problem(
                    "expected a text of at most \(Self.maximumTextBytes) bytes, found "
                        + "\(source.utf8.count)"))
        }
        let template = TextTemplate(source, catalogue: catalogue) { refusals.append($0) }
        if let node { problems += refusals.map { node.problem($0) } }
        return template
    }
}

/// The industries whose policies differ.
enum Industries {
    static let names = ["fintech", "lending", "crypto", "betting", "ecommerce", "marketplace"]
}
