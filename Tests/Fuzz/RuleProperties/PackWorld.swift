internal import FuzzProperties
internal import RiskCore
internal import RuleLanguage

/// The files of a small rule set, of which an input replaces one.
enum PackWorld {
    static func sources(_ place: Int, _ text: String) -> RuleSources {
        var texts = [pack, parameters, benign, list, facts, codes]
        texts[place] = text
        func file(_ name: String, _ place: Int) -> RuleSources.File {
            RuleSources.File(name: name, text: texts[place])
        }
        return RuleSources(
            facts: file("facts.tsv", 4), reasonCodes: file("reason-codes.tsv", 5),
            parameters: file("parameters.yaml", 1), benignContext: file("benign-context.yaml", 2),
            packs: [file("packs/pack.yaml", 0)], lists: [file("lists/a.txt", 3)])
    }

    static func sheet(_ catalogue: FactCatalogue, _ random: inout SeededGenerator) -> FactSheet {
        var sheet = FactSheet(catalogue: catalogue)
        for entry in catalogue.entries where random.next() & 3 != 0 {
            let value: Constant =
                switch entry.type {
                case .bool: .bool(random.next() & 1 == 0)
                case .int: .int(Int64(truncatingIfNeeded: random.next()) >> (random.next() & 63))
                case .double: .double(Double(bitPattern: random.next()))
                case .string: .string(random.next() & 1 == 0 ? "a" : "")
                default: .list([.string("a")])
                }
            sheet.set(entry.name, to: value)
        }
        return sheet
    }

    static let pack = """
        format: assay.rules/1
        pack: velocity
        version: 1
        owner: fraud@bank.example
        tags: []
        parameters:
          hourly: { type: int, value: 5, range: [1, 1000] }
          share: { type: double, value: 0.5 }
          word: { type: string, value: 'a' }
        rules:
          - id: VEL-001
            name: many
            when: i > P.hourly && s in L.a || d > P.share
            score: 30
            severity: high
            reason: VELOCITY_COUNT
            outcome: review
            evidence: none yet
            industries: [fintech]
            state: live
            valid: { from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z }
            on_missing: review
            text: '{i} payments'
            tests:
              - { given: { i: 6, s: 'a' }, expect: hit }
              - { given: { i: 5 }, expect: no_hit }
              - { missing: [i, d], expect: not_evaluated }
          - id: VEL-002
            name: large
            when: "m > 2 * P.high && s != P.word"
            score: 10
            severity: low
            reason: VELOCITY_COUNT
            tests:
              - { given: { m: 3000, s: 'b' }, expect: hit }
              - { given: { m: 1 }, expect: no_hit }
              - { missing: [m], expect: not_evaluated }

        """

    static let parameters = """
        format: assay.parameters/1
        base_currency: EUR
        profile: main
        parameters:
          high:
            meaning: high
            unit: money
            values: { main: 1000, other: 2 }

        """

    static let benign = """
        format: assay.context/1
        facts:
          i: 1
          m: 0
          d: 0.0
          s: 'b'
          b: false
          l: []
        parameters:
          high: 1000
        lists:
          a: ['a']

        """

    static let list = "# texts\na\né;source;2026-01-01\n"

    private static let columns = [
        "fact", "type", "unit", "source", "binding", "expected", "when_never", "personal", "credit",
    ]
    static let facts = rows(
        columns,
        [
            ["i", "int", "count", "feature", "i", "always", "", "", "yes"],
            ["m", "int", "money", "request", "m", "always", "", "", "no"],
            ["d", "double", "", "feature", "d", "card", "", "", "yes"],
            ["s", "string", "", "request", "s", "always", "", "yes", "yes"],
            ["b", "bool", "", "request", "b", "always", "", "", "yes"],
            ["l", "list<string>", "", "profile", "l", "enabled", "", "", "yes"],
        ])
    static let codes = rows(
        ["code", "group", "disclosure", "text", "customer_text", "rules"],
        (["VELOCITY_COUNT"] + ReasonCode.system).map {
            [$0, "activity", "generic", "Many", "", ""]
        })

    private static func rows(_ columns: [String], _ rows: [[String]]) -> String {
        ([columns] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
    }
}
