import FeatureEngine
import RuleLanguage
import Testing

@Suite struct DerivedProblemTests {
    private func problems(_ features: [DerivedFeature]) -> [String] {
        var builder = DerivedWorld.builder()
        for feature in features { builder.add(feature) }
        _ = builder.build()
        return builder.problems.map(\.description)
    }

    private func problem(_ type: ValueType, _ text: String, unit: Unit? = nil) -> String {
        problems([DerivedBench.derived("f", type, text, unit: unit)]).joined(separator: "\n")
    }

    @Test(
        "a wrong expression says where and what",
        arguments: [
            ("tx.amuont", "unknown fact 'tx.amuont'; nearest are tx.amount"),
            ("tx.amount + card_cnt_1h", "'+' does not take money and count"),
            ("tx.amount > ", "expected"),
            ("last_payment.payee_id.contains(\"a\")", "does not take (token, string)"),
            ("last_payment.payee_id < \"a\"", "'<' does not take token and string"),
            ("similarity(tx.payee_id, last_payment.payee_id)", "does not take (string, token)"),
            ("L.payees", "can only be asked with 'in'"),
            ("documents.filter(d, d.statsu == \"verified\")", "no field 'statsu'"),
            ("tx.channel == \"onlin\"", "no label 'onlin'"),
            (
                "tx.kind == \"x\"",
                "event types declare 'tx.kind' differently; write payment.kind or document.kind"
            ),
            ("payees[3].amount_sum > payees[\"x\"].payee_id", "'>' does not take money and token"),
        ])
    func expressions(_ text: String, _ message: String) {
        let found = problem(.bool, text)
        #expect(found.contains(message), "\(found)")
        #expect(found.hasPrefix("test.yaml:3:"))
    }

    @Test("a declared type is held against the expression's")
    func types() {
        #expect(problem(.int, "tx.amount").contains("declared as int, its expression is money"))
        #expect(problem(.int, "tx.amount", unit: .money) == "")
        #expect(problem(.int, "card_cnt_1h", unit: .money).contains("declared as money"))
        #expect(problem(.bool, "tx.amount", unit: .money).contains("declared as"))
        #expect(problem(.double, "tx.payee_id").contains("its expression is string"))
        #expect(problem(.int, "documents").contains("its expression is list<documents>"))
        #expect(problem(.double, "card_cnt_1h") == "")
        #expect(problem(.int, "tx.channel") == "")
    }

    @Test("a condition is held to be one")
    func conditions() {
        func problem(when condition: String) -> String {
            problems([DerivedBench.derived("f", .int, "card_cnt_1h", when: condition)])
                .joined(separator: "\n")
        }
        #expect(problem(when: "card_cnt_1h > 2") == "")
        #expect(problem(when: "card_cnt_1h").contains("a condition is a bool; this is int"))
        #expect(problem(when: "1 > 2").contains("the condition is always false"))
        #expect(problem(when: "card_cnt_2h > 2").contains("unknown fact 'card_cnt_2h'"))
        #expect(problem(when: "f > 2").contains("a feature depends on itself: f → f"))
    }

    @Test("a circle of features is named once, and the rest still compiles")
    func circles() throws {
        let found = problems([
            DerivedBench.derived("a", .int, "b + 1"), DerivedBench.derived("b", .int, "c + 1"),
            DerivedBench.derived("c", .int, "a + 1"), DerivedBench.derived("d", .int, "d"),
            DerivedBench.derived("e", .int, "card_cnt_1h + a"),
        ])
        #expect(found.count == 2)
        #expect(found[0].contains("a feature depends on itself: a → b → c → a"))
        #expect(found[1].contains("a feature depends on itself: d → d"))
    }

    @Test("a chain of a thousand features compiles and is computed")
    func longChain() throws {
        var builder = DerivedWorld.builder()
        for index in 0..<1_000 {
            let text = index == 999 ? "card_cnt_1h" : "f\(index + 1) + 1"
            builder.add(DerivedBench.derived("f\(index)", .int, text))
        }
        let set = builder.build()
        #expect(builder.problems.isEmpty)
        let plan = VectorPlan(
            [[VectorColumn(name: "x", feature: set.feature(named: "f0") ?? -1)]], of: set,
            groups: DerivedWorld.groups, touches: DerivedWorld.touches)
        let vector = DerivedFeatureTests.bench().read(plan, DerivedFeatureTests.payment())
        #expect(vector.values == [1_002])
    }

    @Test("the meaning of a feature follows what it reads, through others")
    func meanings() throws {
        func meaning(_ inner: String) throws -> String {
            var builder = DerivedWorld.builder()
            builder.add(DerivedBench.derived("outer", .int, "inner + 1"))
            builder.add(DerivedBench.derived("inner", .int, inner))
            let set = builder.build()
            let feature = try #require(set.feature(named: "outer"))
            return set.features[feature].meaning
        }
        #expect(try meaning("card_cnt_1h") == meaning("card_cnt_1h"))
        #expect(try meaning("card_cnt_1h") != meaning("card_cnt_24h"))
    }

    @Test("texts that expressions cannot be are refused, and none of them ends the process")
    func hostile() {
        for text in [
            "", " ", "(((((((", String(repeating: "(", count: 5_000),
            String(repeating: "!", count: 200) + "true", "\u{0}", "tx.", ".amount", "P.",
            "L.x in 3",
            "9223372036854775808", "1e999", "\"" + String(repeating: "x", count: 10_000_000),
            "[1, 2, 3].map(a, [1].map(b, [1].map(c, c)))", "documents[documents]",
        ] {
            #expect(problem(.int, text) != "")
        }
    }
}
