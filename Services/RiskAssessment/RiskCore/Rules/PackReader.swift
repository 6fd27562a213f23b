internal import Foundation
internal import RuleLanguage

/// A rule pack as it was written, before its conditions are compiled.
struct Pack {
    struct Test {
        enum Expectation: String, CaseIterable {
            case hit
            case noHit = "no_hit"
            case notEvaluated = "not_evaluated"
            case error
        }

        var given: [(name: String, value: SourceNode)]
        var missing: [SourceNode]
        var expect: Expectation
        var node: SourceNode
    }

    struct Draft {
        var rule: Rule
        var when: SourceNode
        var node: SourceNode
        var tests: [Test]
    }

    var name = ""
    var version: Int64 = 0
    var owner = ""
    var tags: [String] = []
    var parameters: [String: Parameter] = [:]
    var drafts: [Draft] = []
}

/// Reads packs of the format `assay.rules/1` and collects every problem.
struct PackReader {
    static let format = "assay.rules/1"
    static let maximumRules: Int64 = 5_000

    let catalogue: FactCatalogue
    let reasonCodes: ReasonCodeTable
    var problems: [Problem] = []

    mutating func read(_ file: RuleSources.File) -> Pack? {
        guard let root = YAMLFile.parse(file.text, file: file.name, &problems) else { return nil }
        let keys = root.object(
            required: ["format", "pack", "version", "rules"],
            optional: ["owner", "tags", "parameters", "note"], &problems)
        if let format = keys["format"], format.text(&problems) != Self.format {
            problems.append(format.problem("expected the format \(Self.format)"))
        }
        var pack = Pack()
        pack.name = keys["pack"]?.text(&problems) ?? ""
        pack.version = keys["version"]?.int(1...Int64.max, &problems) ?? 0
        pack.owner = keys["owner"]?.text(&problems) ?? ""
        pack.tags = keys["tags"]?.texts(&problems) ?? []
        for (name, nameNode, node) in keys["parameters"]?.entries(&problems) ?? [] {
            guard let parameter = readParameter(node) else { continue }
            if !Self.isName(name) { problems.append(nameNode.problem("'\(name)' is no name")) }
            pack.parameters[name] = parameter
        }
        pack.drafts = (keys["rules"]?.list(&problems) ?? []).compactMap { readRule($0, pack) }
        return pack
    }

    // MARK: Parameters

    private mutating func readParameter(_ node: SourceNode) -> Parameter? {
        let keys = node.object(
            required: ["type", "value"], optional: ["unit", "range", "tuning", "note"], &problems)
        let isMoney = keys["unit"].map { $0.text(&problems) == "money" } ?? false
        let range = readRange(keys["range"])
        switch keys["type"]?.text(&problems) {
        case "int":
            let bounds = range ?? (Double(Int64.min), Double(Int64.max))
            guard let value = keys["value"]?.int(Int64.min...Int64.max, &problems) else {
                return nil
            }
            if Double(value) < bounds.0 || Double(value) > bounds.1 {
                problems.append(
                    keys["value"]?.problem("the value is outside its range") ?? node.problem(""))
            }
            return Parameter(value: .int(value), isMoney: isMoney)
        case "double":
            let bounds = range ?? (-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude)
            return keys["value"]?.double(bounds.0...bounds.1, &problems)
                .map { Parameter(value: .double($0)) }
        case "string":
            return keys["value"]?.text(&problems).map { Parameter(value: .string($0)) }
        default:
            problems.append((keys["type"] ?? node).problem("expected int, double or string"))
            return nil
        }
    }

    private mutating func readRange(_ node: SourceNode?) -> (Double, Double)? {
        guard let node else { return nil }
        let bounds = node.list(&problems).compactMap {
            $0.double(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, &problems)
        }
        guard bounds.count == 2, bounds[0] <= bounds[1] else {
            problems.append(node.problem("expected [least, greatest]"))
            return nil
        }
        return (bounds[0], bounds[1])
    }

    // MARK: Rules

    private mutating func readRule(_ node: SourceNode, _ pack: Pack) -> Pack.Draft? {
        let keys = node.object(
            required: ["id", "name", "when", "score", "severity", "reason", "tests"],
            optional: [
                "outcome", "industries", "state", "valid", "on_missing", "stale", "text",
                "evidence",
                "note",
            ], &problems)
        let id = keys["id"]?.text(&problems)
        let name = keys["name"]?.text(&problems)
        let condition = keys["when"]?.text(&problems)
        let score = keys["score"]?.int(1...100, &problems)
        let severity = keys["severity"]?.choice(Severity.self, &problems)
        let reason = readReason(keys["reason"])
        let outcome =
            keys["outcome"].map { $0.choice(ForcedOutcome.self, &problems) } ?? ForcedOutcome.none
        let state = keys["state"].map { $0.choice(Rule.State.self, &problems) } ?? .live
        let onMissing =
            keys["on_missing"].map { $0.choice(Rule.OnMissing.self, &problems) } ?? .skip
        let industries = readIndustries(keys["industries"])
        let valid = readValidity(keys["valid"])
        let text = readText(keys["text"], reason)
        let tests = readTests(keys["tests"])
        let evidence = keys["evidence"]?.text(&problems) ?? ""
        let stale = keys["stale"].map { $0.choice(Rule.Stale.self, &problems) ?? .use } ?? .use
        if let id, !Self.isRuleID(id) {
            problems.append(
                keys["id"]?.problem("expected an id such as VEL-001, found '\(id.prefix(40))'")
                    ?? node.problem(""))
        }
        if let outcome, outcome == .review || outcome == .decline, keys["evidence"] == nil {
            problems.append(
                node.problem(
                    "a rule that forces \(outcome.rawValue) needs 'evidence': "
                        + "its false-positive rate, and where it was measured"
                ))
        }
        guard let id, let name, let condition, let score, let severity, let reason, let outcome,
            let state, let onMissing, let text, let when = keys["when"]
        else { return nil }
        var rule = Rule(
            id: id, name: name, pack: pack.name, condition: condition, score: score,
            severity: severity, reasonCode: reason, outcome: outcome, industries: industries,
            state: state, onMissing: onMissing, text: text, validFrom: valid.from,
            validUntil: valid.until)
        rule.packVersion = pack.version
        rule.owner = pack.owner
        rule.stale = stale
        rule.isTypology = pack.tags.contains("aml")
        rule.evidence = evidence
        return Pack.Draft(rule: rule, when: when, node: node, tests: tests)
    }

    private mutating func readReason(_ node: SourceNode?) -> String? {
        guard let node, let code = node.text(&problems) else { return nil }
        guard reasonCodes[code] != nil else {
            problems.append(node.problem("unknown reason code '\(code.prefix(64))'"))
            return nil
        }
        return code
    }

    private mutating func readIndustries(_ node: SourceNode?) -> Set<String>? {
        guard let node else { return nil }
        let names = node.texts(&problems)
        for name in names where name != "all" && !Industries.names.contains(name) {
            problems.append(node.problem("unknown industry '\(name.prefix(40))'"))
        }
        return names.contains("all") ? nil : Set(names)
    }

    private mutating func readValidity(_ node: SourceNode?) -> (from: Int64?, until: Int64?) {
        guard let node else { return (nil, nil) }
        let keys = node.object(required: [], optional: ["from", "until"], &problems)
        return (readTime(keys["from"]), readTime(keys["until"]))
    }

    private mutating func readTime(_ node: SourceNode?) -> Int64? {
        guard let node, let text = node.text(&problems) else { return nil }
        guard let date = try? Date(text, strategy: .iso8601) else {
            problems.append(node.problem("expected a time such as 2026-01-01T00:00:00Z"))
            return nil
        }
        return Int64(date.timeIntervalSince1970.rounded(.down))
    }

    /// Without a text of its own a rule says what its reason says.
    private mutating func readText(_ node: SourceNode?, _ reason: String?) -> TextTemplate? {
        var refusals: [String] = []
        let source = node?.text(&problems) ?? reason.flatMap { reasonCodes[$0]?.text } ?? ""
        let template = TextTemplate(source, catalogue: catalogue) { refusals.append($0) }
        if let node { problems += refusals.map { node.problem($0) } }
        return template
    }

    // MARK: Tests

    private mutating func readTests(_ node: SourceNode?) -> [Pack.Test] {
        guard let node else { return [] }
        let tests = node.list(&problems).compactMap { readTest($0) }
        for needed in [Pack.Test.Expectation.hit, .noHit, .notEvaluated]
        where !tests.contains(where: { $0.expect == needed }) {
            problems.append(node.problem("a rule needs a test that expects \(needed.rawValue)"))
        }
        return tests
    }

    private mutating func readTest(_ node: SourceNode) -> Pack.Test? {
        let keys = node.object(required: ["expect"], optional: ["given", "missing"], &problems)
        guard let expect = keys["expect"]?.choice(Pack.Test.Expectation.self, &problems) else {
            return nil
        }
        let given = keys["given"]?.entries(&problems) ?? []
        return Pack.Test(
            given: given.map { ($0.key, $0.value) },
            missing: keys["missing"]?.list(&problems) ?? [], expect: expect, node: node)
    }

    // MARK: Names

    /// Three capital letters, a dash, three digits.
    static func isRuleID(_ id: String) -> Bool {
        let bytes = Array(id.utf8)
        guard bytes.count == 7, bytes[3] == UInt8(ascii: "-") else { return false }
        return bytes[..<3].allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && bytes[4...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || $0 == UInt8(ascii: "_")
                    || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
            }
    }
}

/// The industries whose policies differ.
enum Industries {
    static let names = ["fintech", "lending", "crypto", "betting", "ecommerce", "marketplace"]
}
