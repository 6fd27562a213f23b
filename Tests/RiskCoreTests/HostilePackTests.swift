import Testing

@testable import RiskCore

/// Files of a rule set that ask for more than they may.
@Suite("Hostile rule packs")
struct HostilePackTests {
    private func problems(_ text: String) throws -> [String] {
        var sources = try RuleSources(directory: Repository.rules)
        sources.packs = [RuleSources.File(name: "pack.yaml", text: text)]
        var loader = RuleSetLoader(sources)
        do {
            _ = try loader.load()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func parse(_ text: String) -> (isRead: Bool, problems: [String]) {
        var problems: [Problem] = []
        let node = YAMLFile.parse(text, file: "pack.yaml", &problems)
        return (node != nil, problems.map(\.description))
    }

    @Test("aliases of aliases are refused before anything is made of them")
    func aliases() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let one = "*a\(level - 1)"
            text +=
                "a\(level): &a\(level) [" + Array(repeating: one, count: 9).joined(separator: ",")
            text += "]\n"
        }
        text += "? *a9\n: y\n"
        let message = "more than 16 aliases ('*name'); write the values out"
        #expect(parse(text).problems == ["pack.yaml:3:1: \(message)"])
        let column = (0...16).map { "- *a\($0 % 2)\n" }.joined()
        #expect(parse("- &a0 x\n- &a1 y\n" + column).problems == ["pack.yaml:19:1: \(message)"])
    }

    @Test("a few aliases are read, and products and bold words are none")
    func noAliases() {
        #expect(parse("a: &a [1, 2]\nb: *a\nc: [*a, *a]\n").isRead)
        let products = (0..<40).map { "r\($0): tx.amount *P.n > 3 ** 2\n" }.joined()
        #expect(parse(products).isRead)
        let bullets = (0..<40).map { "  * a point \($0)\n" }.joined()
        #expect(parse("note: |\n" + bullets).isRead)
    }

    @Test("nesting, sizes and numbers beyond their bounds are problems with a place")
    func bounds() throws {
        let flow = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)
        #expect(parse("a: " + flow).problems == ["pack.yaml:1:1: nested more than 64 levels deep"])
        let block = String(repeating: "- ", count: 300) + "x"
        #expect(parse(block).problems == ["pack.yaml:1:1: nested more than 64 levels deep"])
        let long = "a: " + String(repeating: "x", count: YAMLFile.maximumBytes)
        #expect(parse(long).problems.first?.contains("over \(YAMLFile.maximumBytes) bytes") == true)
        let found = try problems(
            """
            format: assay.rules/1
            pack: hostile
            version: 99999999999999999999
            owner: nobody@bank.example
            parameters:
              big: { type: int, value: 9223372036854775808 }
              far: { type: double, value: 1e999 }
            rules: []
            """)
        for place in ["3:10", "6:28", "7:31"] {
            #expect(found.contains { $0.hasPrefix("pack.yaml:\(place): expected a") }, "\(found)")
        }
    }

    @Test(
        "a condition that would take too long is a problem at its place in the file",
        arguments: [
            (
                "'tx.type.matches(\"(((a{1000}){1000}){1000})\")'",
                "the pattern needs over 1024 states"
            ),
            ("'tx.type.matches(\"(a+)+\\\\1\")'", "the pattern is wrong at its character"),
            ("'" + String(repeating: "(", count: 100) + "'", "nested more than 64 levels deep"),
            ("'" + String(repeating: "x", count: 5_000) + "'", "at most 4096 are allowed"),
            ("'cust.nexus_countries.all(a, cust.nexus_countries.all(b, a.contains(b)))'", "costs"),
            ("'tx.amount / 0 > 9223372036854775808'", "the number does not fit an int"),
        ])
    func conditions(_ condition: String, _ message: String) throws {
        let found = try problems(
            """
            format: assay.rules/1
            pack: hostile
            version: 1
            owner: nobody@bank.example
            rules:
              - id: TST-001
                name: hostile
                when: \(condition)
                score: 1
                severity: low
                reason: NEW_ACCOUNT
                tests: []
            """)
        #expect(
            found.contains { $0.hasPrefix("pack.yaml:8:") && $0.contains(message) }, "\(found)")
    }
}
