import Foundation
import RuleLanguage
import Testing

@testable import RiskCore

@Suite struct RulePackTests {
    @Test("the shipped rules load in both profiles, and all their own tests pass")
    func shipped() throws {
        let rules = try Repository.shippedRules()
        #expect(rules.rules.count == 309)
        #expect(rules.digest.count == 32)
        let seed = try Repository.shippedRules(profile: "seed")
        #expect(seed.rules.map(\.id) == rules.rules.map(\.id))
        #expect(seed.digest != rules.digest)
        #expect(try Repository.shippedRules().digest == rules.digest)
    }

    @Test("every shipped rule says what the catalogue says of it")
    func catalogue() throws {
        let catalogue = try Repository.catalogue()
        for rule in try Repository.shippedRules().rules {
            let row = try #require(catalogue[rule.id])
            let outcome = row["outcome"] ?? ""
            #expect(row["name"] == rule.name)
            #expect(row["score"] == "\(rule.score)", "\(rule.id)")
            #expect(row["severity"] == rule.severity.rawValue, "\(rule.id)")
            #expect(row["reason_code"] == rule.reasonCode, "\(rule.id)")
            #expect((outcome.isEmpty ? "none" : outcome) == rule.outcome.rawValue, "\(rule.id)")
        }
    }

    @Test(
        "all 309 conditions of the catalogue compile; benign is silent, trigger hits, missing is missing"
    )
    func wholeCatalogue() throws {
        let sources = try RuleSources(directory: Repository.rules)
        let facts = try FactCatalogue(sources.facts.text, file: "facts.tsv")
        var problems: [Problem] = []
        let context = try #require(
            YAMLFile.parse(sources.benignContext.text, file: "benign", &problems))
        let keys = context.object(
            required: ["format", "facts", "parameters", "lists"], &problems)
        var environment = RuleEnvironment(facts: facts.schema)
        for (name, _, node) in try #require(keys["parameters"]).entries(&problems) {
            let value = try #require(node.int(0...Int64.max, &problems))
            environment.parameters[name] = Parameter(value: .int(value), isMoney: true)
        }
        for (name, _, node) in try #require(keys["lists"]).entries(&problems) {
            environment.lists[name] = TextSet(node.texts(&problems))
        }
        var benign = FactFrame(schema: facts.schema)
        for (name, _, node) in try #require(keys["facts"]).entries(&problems) {
            let slot = try #require(facts.schema.slot(of: name))
            let text = node.text(&problems)
            let value =
                text.flatMap { Self.constant($0, facts.schema.facts[slot].type) }
                ?? .list(node.texts(&problems).map { .string($0) })
            let isSet = benign.set(slot, to: value)
            #expect(isSet, "\(name)")
            problems.removeAll()
        }
        let triggers = try #require(
            try JSONSerialization.jsonObject(with: Repository.fixture("trigger-vectors.json"))
                as? [String: [String: Any]])
        var evaluator = Evaluator()
        let rows = try Repository.catalogue()
        #expect(rows.count == 309)
        for (id, row) in rows {
            var builder = ProgramBuilder(environment: environment)
            let number = try builder.addCondition(row["condition"] ?? "")
            let program = builder.build()
            #expect(evaluator.condition(number, of: program, over: benign) == .fails, "\(id)")
            var trigger = benign
            var missing = benign
            for (name, value) in try #require(triggers[id]) {
                let slot = try #require(facts.schema.slot(of: name))
                let type = facts.schema.facts[slot].type
                let constant =
                    (value as? [String]).map { .list($0.map { .string($0) }) }
                    ?? Self.constant("\(value)", type)
                let isSet = trigger.set(slot, to: try #require(constant))
                #expect(isSet, "\(id) \(name)")
                missing.clear(slot)
            }
            #expect(evaluator.condition(number, of: program, over: trigger) == .holds, "\(id)")
            #expect(evaluator.condition(number, of: program, over: missing) == .missing, "\(id)")
        }
    }

    private static func constant(_ text: String, _ type: ValueType) -> Constant? {
        switch type {
        case .bool: .bool(text == "true" || text == "1")
        case .int: Int64(text).map { .int($0) }
        case .double: Double(text).map { .double($0) }
        case .string: .string(text)
        default: nil
        }
    }

    // MARK: Problems

    private func load(_ packs: String...) throws -> RuleSet {
        var sources = try RuleSources(directory: Repository.rules)
        sources.packs = packs.enumerated().map {
            RuleSources.File(name: "pack\($0.offset).yaml", text: $0.element)
        }
        var loader = RuleSetLoader(sources)
        return try loader.load()
    }

    private func problems(_ packs: String...) throws -> [String] {
        var sources = try RuleSources(directory: Repository.rules)
        sources.packs = packs.enumerated().map {
            RuleSources.File(name: "pack\($0.offset).yaml", text: $0.element)
        }
        var loader = RuleSetLoader(sources)
        do {
            _ = try loader.load()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private static func pack(_ rule: String) -> String {
        "format: assay.rules/1\npack: test\nversion: 1\nrules:\n" + rule
    }

    private static func rule(_ id: String, when: String = "tx.amount > 99999999") -> String {
        """
          - id: \(id)
            name: name_\(id)
            when: \(when)
            score: 30
            severity: high
            reason: AMOUNT_HIGH
            tests:
              - { given: { tx.amount: 100000000 }, expect: hit }
              - { given: { tx.amount: 5 }, expect: no_hit }
              - { missing: [tx.amount], expect: not_evaluated }

        """
    }

    @Test("problems of all files are told at once, each with file, line and column")
    func allProblems() throws {
        let first = Self.pack(
            Self.rule("TST-001", when: "tx.amunt > 5 || tx.type > 5") + Self.rule("tst-2"))
        let second = Self.pack(
            """
              - id: TST-003
                name: three
                when: "tx.amount >\\t"
                score: 300
                severity: huge
                reason: NO_SUCH
                outcome: review
                text: "{acct.balance} is much"
                colour: red
                industries: [mining]
                tests: []
            """)
        let found = try problems(first, second)
        #expect(
            found == [
                "pack0.yaml:7:11: unknown fact 'tx.amunt'; nearest are tx.amount, tx.country, tx.mcc",
                "pack0.yaml:7:35: '>' does not take string and int; write quotes around the number, or "
                    + "double(…) around the text",
                "pack0.yaml:15:9: expected an id such as VEL-001, found 'tst-2'",
                "pack1.yaml:5:5: a rule that forces review needs 'evidence': its false-positive rate, "
                    + "and where it was measured",
                "pack1.yaml:8:12: expected 1 to 100, found 300",
                "pack1.yaml:9:15: expected one of low, medium, high, critical, found 'huge'",
                "pack1.yaml:10:13: unknown reason code 'NO_SUCH'; nearest are IP_NEW, TOR, AML_FAN",
                "pack1.yaml:12:11: the fact acct.balance is personal and may not be in a text",
                "pack1.yaml:13:5: unknown key 'colour'; known are id, name, when, score, severity, "
                    + "reason, tests, outcome, industries, state, valid, on_missing, stale, text, evidence, note",
                "pack1.yaml:14:18: unknown industry 'mining'; known are all, fintech, lending, "
                    + "crypto, betting, ecommerce, marketplace",
                "pack1.yaml:15:12: a rule needs a test that expects hit",
                "pack1.yaml:15:12: a rule needs a test that expects no_hit",
                "pack1.yaml:15:12: a rule needs a test that expects not_evaluated",
            ])
    }

    @Test("a rule's own test that fails keeps the set from loading")
    func failingTest() throws {
        let wrong = Self.rule("TST-001").replacing("tx.amount: 5 }", with: "tx.amount: 200000000 }")
        #expect(
            try problems(Self.pack(wrong))
                == [
                    "pack0.yaml:13:9: the test of TST-001 expects no_hit, found hit; "
                        + "change the condition, or write 'expect: hit'"
                ])
        let noisy = Self.rule("TST-001", when: "tx.amount > 4")
        #expect(
            try problems(Self.pack(noisy)).first
                == "pack0.yaml:5:5: TST-001 does not stay silent on the benign context "
                + "benign-context.yaml")
    }

    @Test("two rules may share neither id nor name")
    func duplicates() throws {
        let twice = try problems(Self.pack(Self.rule("TST-001")), Self.pack(Self.rule("TST-001")))
        #expect(
            twice == [
                "pack1.yaml:5:5: the id TST-001 is taken by pack0.yaml:5",
                "pack1.yaml:5:5: the name 'name_TST-001' is taken by TST-001",
            ])
    }

    @Test("conditions in block and quoted style are told their place too")
    func styles() throws {
        let quoted = Self.rule("TST-001", when: "\"tx.amunt > 5\"")
        #expect(
            try problems(Self.pack(quoted)).first?.hasPrefix("pack0.yaml:7:12: unknown") == true)
        let block = Self.rule(
            "TST-001", when: "|\n      tx.amount > 99999999 &&\n      tx.amunt > 5")
        #expect(try problems(Self.pack(block)).first?.hasPrefix("pack0.yaml:9:1: unknown") == true)
    }

    @Test("hostile files are refused: not YAML, too deep, keys twice, aliases, wrong kinds")
    func hostile() throws {
        let deep = "rules: " + String(repeating: "[", count: 100_000)
        #expect(try problems(deep) == ["pack0.yaml:1:1: nested more than 64 levels deep"])
        let dashes = String(repeating: "- ", count: 5_000)
        #expect(try problems(dashes) == ["pack0.yaml:1:1: nested more than 64 levels deep"])
        for text in [
            "", "\u{0}", "a: [", "a: b: c", "a: 1\na: 2", "- 1", "[]", "x", "? {}", "!!binary x",
        ] {
            #expect(try !problems(text).isEmpty, "\(text)")
        }
        var generator = SeededGenerator(seed: 5)
        let good = Array(Self.pack(Self.rule("TST-001")).utf8)
        #expect(try problems(String(decoding: good, as: UTF8.self)).isEmpty)
        for _ in 0..<300 {
            var bytes = good
            for _ in 0..<3 {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...127, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
            _ = try problems(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("rules run by id, whatever the order of packs and rules in their files")
    func order() throws {
        let a = try load(Self.pack(Self.rule("TST-002") + Self.rule("TST-001")))
        let b = try load(Self.pack(Self.rule("TST-001")), Self.pack(Self.rule("TST-002")))
        #expect(a.rules.map(\.id) == ["TST-001", "TST-002"])
        #expect(b.rules.map(\.id) == ["TST-001", "TST-002"])
        #expect(a.digest == b.digest)
    }

    @Test("a rule that misses only facts this event cannot have is skipped, not reported")
    func skipped() throws {
        let rules = try Repository.shippedRules()
        var evaluator = Evaluator()
        let sheet = FactSheet(catalogue: rules.catalogue)
        let run = rules.run(
            over: sheet, industry: "default", at: 0, expects: { $0.expectation == .always },
            evaluator: &evaluator)
        let verdicts = Dictionary(
            uniqueKeysWithValues: run.entries.map { (rules.rules[$0.rule].id, $0.verdict) })
        #expect(verdicts["CRD-004"] == .skipped)
        #expect(verdicts["DEV-011"] == .skipped)
        #expect(verdicts["VEL-001"] == .notEvaluated)
        let applying = rules.rules.filter { $0.industries == nil }
        #expect(run.noHits == 0 && run.entries.count == applying.count)
    }
}
