import Foundation
import Testing

@testable import RiskCore

/// A rule file with each kind of mistake gets a diagnostic that names line, column, what was found
/// and what to write.
@Suite struct PackMistakeTests {
    /// A pack without a mistake.
    static let good = """
        format: assay.rules/1
        pack: test
        version: 3
        owner: fraud-strategy@bank.example
        tags: []
        parameters:
          limit_test: { type: int, unit: money, value: 500, range: [1, 1000],
            tuning: [{ on: 2026-03-02, by: a.okafor, approved_by: m.lind, from: 400, to: 500,
              data: backtest, why: fewer false positives, hits_per_day: [412, 268] }] }
        rules:
          - id: TST-001
            name: first_test
            when: tx.amount > 200000 * P.limit_test
            score: 30
            severity: high
            reason: AMOUNT_HIGH
            outcome: challenge
            industries: [all]
            state: live
            valid: { from: 2026-01-01T00:00:00Z, until: 2027-01-01 }
            on_missing: skip
            stale: missing
            text: '{tx.amount} is much'
            note: { anything: goes }
            tests:
              - { given: { tx.amount: 100000001 }, expect: hit }
              - { given: { tx.amount: 100000000 }, expect: no_hit }
              - { missing: [tx.amount], expect: not_evaluated }

        """

    static func problems(_ packs: [String], lists: [String: String] = [:]) throws -> [String] {
        var sources = try RuleSources(directory: Repository.rules)
        sources.packs = packs.enumerated().map {
            RuleSources.File(name: "p\($0.offset).yaml", text: $0.element)
        }
        for (name, text) in lists.sorted(by: { $0.key < $1.key }) {
            sources.lists.append(RuleSources.File(name: "lists/\(name)", text: text))
        }
        var loader = RuleSetLoader(sources, profile: "seed")
        do {
            _ = try loader.load()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// What is written instead of what, and the problem that this is.
    struct Mistake: CustomTestStringConvertible {
        var good: String
        var bad: String
        var problem: String

        init(_ good: String, _ bad: String, _ problem: String) {
            self.good = good
            self.bad = bad
            self.problem = problem
        }

        var testDescription: String { "\(good) → \(bad)" }
    }

    @Test("a pack without a mistake loads, and its owner, evidence and times are kept")
    func withoutMistake() throws {
        #expect(try Self.problems([Self.good]) == [])
        var sources = try RuleSources(directory: Repository.rules)
        sources.packs = [RuleSources.File(name: "p.yaml", text: Self.good)]
        var loader = RuleSetLoader(sources, profile: "seed")
        let rule = try #require(try loader.load().rules.first)
        #expect(rule.owner == "fraud-strategy@bank.example" && rule.packVersion == 3)
        #expect(rule.stale == .missing && !rule.isTypology && rule.evidence.isEmpty)
        #expect(rule.validFrom == 1_767_225_600 && rule.validUntil == 1_798_761_600)
    }

    @Test(
        "each mistake in a pack is told with its place, what was found and what to write",
        arguments: packMistakes)
    func mistakes(_ mistake: Mistake) throws {
        #expect(Self.good.components(separatedBy: mistake.good).count == 2, "\(mistake.good)")
        let bad = Self.good.replacing(mistake.good, with: mistake.bad, maxReplacements: 1)
        let found = try Self.problems([bad])
        #expect(found == [mistake.problem])
    }

    @Test("a parameter that two packs declare is told where the second stands")
    func parameterTwice() throws {
        let other = Self.good.replacing("TST-001", with: "TST-002")
            .replacing("first_test", with: "second_test")
        #expect(
            try Self.problems([Self.good, other])
                == ["p1.yaml:7:3: the parameter 'limit_test' is taken by p0.yaml:7"])
        let shared = Self.good.replacing("limit_test", with: "high_amount")
            .replacing("200000 * P.high_amount", with: "1 * P.high_amount")
        #expect(
            try Self.problems([shared]).contains(
                "p0.yaml:7:3: the parameter 'high_amount' is taken by parameters.yaml"))
    }

    @Test(
        "evidence is asked of what holds payments back, unless its own limit was tuned by measuring"
    )
    func evidence() throws {
        let tuned = Self.good.replacing("outcome: challenge", with: "outcome: review")
        #expect(try Self.problems([tuned]) == [])
        let loose = tuned.replacing("200000 * P.limit_test", with: "100000000")
        #expect(
            try Self.problems([loose]) == [
                "p0.yaml:11:5: a rule that forces review needs 'evidence': its false-positive rate, "
                    + "and where it was measured"
            ])
        let shown = loose.replacing("    state: live", with: "    evidence: 0.2 %\n    state: live")
        #expect(try Self.problems([shown]) == [])
    }

    @Test("a rule of a pack tagged aml alerts or declines, and no other rule alerts")
    func alerts() throws {
        let tagged = Self.good.replacing("tags: []", with: "tags: [aml]")
        #expect(
            try Self.problems([tagged]) == [
                "p0.yaml:17:14: a rule of a pack with the tag aml has no points and would do nothing "
                    + "with the outcome challenge; write 'outcome: alert', or decline"
            ])
        #expect(try Self.problems([tagged.replacing("challenge", with: "alert")]) == [])
        #expect(
            try Self.problems([Self.good.replacing("challenge", with: "alert")]) == [
                "p0.yaml:17:14: 'alert' is for packs with 'tags: [aml]'; write none, challenge, review "
                    + "or decline"
            ])
    }

    @Test("facts that law forbids in credit are refused in packs tagged credit")
    func credit() throws {
        let bad = Self.good.replacing("tags: []", with: "tags: [credit]")
            .replacing("when: tx.amount", with: "when: tx.country != '' && tx.amount")
        #expect(
            try Self.problems([bad])
                == ["p0.yaml:13:11: the fact tx.country may not be used in credit"])
    }

    @Test(
        "each mistake in a list is told with its line and column",
        arguments: [
            (
                "a;b;2026-01-01;2026-02-01;x",
                "1:27: expected entry;source;added;expires, found 5 fields"
            ),
            ("a\n;b", "2:1: an entry is missing before ';'; write entry;source;added;expires"),
            ("a\n b", "2:1: ' b' has spaces around it and would never match; take them away"),
            ("a\t;x", "1:1: 'a\t' has spaces around it and would never match; take them away"),
            (
                "a;b;2026-02-30",
                "1:5: expected a date such as 2026-01-31, or a time such as "
                    + "2026-01-31T12:00:00Z, found '2026-02-30'"
            ),
            (
                "a;b;;tomorrow",
                "1:6: expected a date such as 2026-01-31, or a time such as "
                    + "2026-01-31T12:00:00Z, found 'tomorrow'"
            ),
            (
                "a;b;2026-02-01;2026-02-01",
                "1:16: '2026-02-01' is not after '2026-02-01', so the entry would never count"
            ),
            (
                String(repeating: "x", count: 1_025),
                "1:1: the entry has 1025 bytes; at most 1024 are allowed"
            ),
        ])
    func lists(_ text: String, _ problem: String) throws {
        #expect(
            try Self.problems([Self.good], lists: ["mine.txt": text])
                == ["lists/mine.txt:\(problem)"])
    }

    @Test("a list's name is checked, a name is taken once, and a flood of problems is cut")
    func listFiles() throws {
        #expect(
            try Self.problems([Self.good], lists: ["My-List.txt": "a"]) == [
                "lists/My-List.txt:1:1: expected a list's name of small letters, digits and '_' such "
                    + "as ip_deny.txt, found 'My-List.txt'"
            ])
        #expect(
            try Self.problems([Self.good], lists: ["ip_deny.more.txt": "a"])
                == ["lists/ip_deny.more.txt:1:1: there are two lists named 'ip_deny'"])
        let flood = try Self.problems(
            [Self.good], lists: ["mine.txt": String(repeating: " a\n", count: 150)])
        #expect(flood.count == 101)
        #expect(flood.last == "lists/mine.txt:151:1: 50 more problems of this list")
        let names = (0..<300).map { ("list_\($0).txt", "a") }
        let many = try Self.problems(
            [Self.good], lists: Dictionary(names, uniquingKeysWith: { a, _ in a }))
        #expect(many.count == 1 && many[0].hasSuffix("324 lists; at most 256 are allowed"))
    }

    @Test("too many parameters, and too many rules, are refused")
    func tooMany() throws {
        let parameters = (0..<1_024).map { "  p_\($0): { type: int, value: 1 }" }
        let wide = Self.good.replacing(
            "parameters:\n", with: "parameters:\n" + parameters.joined(separator: "\n") + "\n")
        #expect(
            try Self.problems([wide])
                == ["parameters.yaml:1:1: 1033 parameters; at most 1024 are allowed"])
    }

    @Test("wrong tables are told together with the mistakes of lists")
    func tables() throws {
        var sources = try RuleSources(directory: Repository.rules)
        sources.facts.text += "a.b\tnumber\n"
        sources.reasonCodes.text += "X\tg\tsome\tt\n"
        sources.lists.append(RuleSources.File(name: "lists/mine.txt", text: " a"))
        var loader = RuleSetLoader(sources)
        let failure = #expect(throws: ConfigurationFailure.self) { try loader.load() }
        #expect(
            failure?.problems.map(\.description) == [
                "facts.tsv:312:1: unknown type 'number'",
                "lists/mine.txt:1:1: ' a' has spaces around it and would never match; take them away",
                "reason-codes.tsv:204:1: expected customer, generic or never, found 'some'",
            ])
    }
}
