import FeatureCore
import FeatureEngine
import Testing

/// What is another value has another hash; what is the same has the same.
@Suite struct MeaningTests {
    private static let sections = """
        entities: {customer: {short: cust, key: customer_id, subject: self}}
        events:
          document: {id: id, entities: {customer: customer_id}, fields: {kind: string, was: string, is: string}}
          letter: {id: id, entities: {customer: customer_id}, fields: {kind: string, was: string, is: string}}
          payment: {id: id, entities: {customer: customer_id}, fields: {amount: money}}
        aggregates: {customer: {mean: {from: payment, avg: amount, windows: [7d], default: missing}}}
        tables: {customer: {documents: {from: document, key: kind, rows: 8, latest: {old: was, new: is}, sums: {n: {count: true}}}}}
        registers: {customer: {last: {from: [{event: document}, {event: letter}], latest: [was, is]}}}
        derived:
          changed: {type: int, expr: 'size(documents.filter(d, d.old != d.new && d.n > 1))'}
          above: {type: money, expr: 'tx.amount - int(cust_mean_7d)'}
        vectors: {v@1: {purpose: fraud, features: [changed, above]}}
        """

    private static func set(_ changes: (String, String)...) throws -> DefinitionSet {
        var text = sections
        for (old, new) in changes {
            #expect(text.contains(old), "\(old)")
            text = text.replacing(old, with: new)
        }
        return try SmallDefinitions.compile(text)
    }

    @Test("columns that change places under their names are something else")
    func columns() throws {
        let (before, after) = (
            try Self.set(), try Self.set(("{old: was, new: is}", "{new: was, old: is}"))
        )
        #expect(before.hash != after.hash)
        #expect(before.vectors[0].fingerprint != after.vectors[0].fingerprint)
        let plan = DefinitionPlan(from: before, to: after)
        #expect(plan.refusals.map(\.subject).contains("feature changed"))
        // What states keep is the same.
        #expect(!plan.needsGeneration)
    }

    @Test("fields that change places between event types make other states")
    func sources() throws {
        func register(_ first: String, _ second: String) throws -> DefinitionSet {
            try Self.set(
                (
                    "[{event: document}, {event: letter}], latest: [was, is]",
                    "[{event: document, fields: {x: \(first)}}, {event: letter, fields: {x: \(second)}}], latest: [x]"
                ))
        }
        let (before, after) = (try register("was", "is"), try register("is", "was"))
        #expect(before.entities[0].meaning != after.entities[0].meaning)
        #expect(DefinitionPlan(from: before, to: after).needsGeneration)
    }

    @Test("the default of what an expression reads is part of what it means")
    func defaults() throws {
        let (before, after) = (try Self.set(), try Self.set(("default: missing", "default: 0")))
        #expect(before.vectors[0].fingerprint != after.vectors[0].fingerprint)
    }

    @Test(
        "another name of what an expression reads, spaces, comments and parentheses change nothing")
    func names() throws {
        let before = try Self.set()
        for changes in [
            ("'tx.amount - int(cust_mean_7d)'", "'(tx.amount) -int( cust_mean_7d ) // less'"),
            ("'tx.amount - int(cust_mean_7d)'", "'tx.amount - int((cust_mean_7d))'"),
        ] {
            let after = try Self.set(changes)
            #expect(after.vectors[0].fingerprint == before.vectors[0].fingerprint, "\(changes.1)")
            #expect(DefinitionPlan(from: before, to: after).changes.isEmpty)
        }
        let renamed = try Self.set(("{mean: {", "{average: {"), ("cust_mean_7d", "cust_average_7d"))
        #expect(renamed.vectors[0].fingerprint == before.vectors[0].fingerprint)
        let plan = DefinitionPlan(from: before, to: renamed)
        #expect(Set(plan.changes.map(\.class)) == [.note])
        // Other operands are other values.
        let swapped = try Self.set(
            ("'tx.amount - int(cust_mean_7d)'", "'int(cust_mean_7d) - tx.amount'"))
        #expect(swapped.vectors[0].fingerprint != before.vectors[0].fingerprint)
    }

    @Test("a name that two entities have says which, or the definitions do not compile")
    func ambiguous() throws {
        func problems(_ expression: String) -> [String] {
            SmallDefinitions.problems(
                """
                entities: {card: {short: card, key: card_id}, shop: {short: shop, key: shop_id}}
                events: {payment: {id: id, entities: {card: card_id, shop: shop_id}, fields: {amount: money}}}
                registers: {card: {last: {from: payment, latest: [amount]}}, shop: {last: {from: payment, latest: [amount]}}}
                recent: {card: {events: {from: payment, rows: 4, fields: [amount]}}}
                derived: {f: {type: int, expr: '\(expression)'}}
                """)
        }
        #expect(
            problems("int(last.amount)")
                == [
                    "several things are named 'last.amount'; write card.last.amount or shop.last.amount"
                ])
        #expect(problems("int(shop.last.amount)").isEmpty)
        #expect(problems("size(events) + size(card.events)").isEmpty)
    }

    @Test("a number that is counted already cannot become required")
    func required() throws {
        let before = try Self.set()
        let plan = DefinitionPlan(
            from: before,
            to: try Self.set(("{amount: money}", "{amount: {type: money, required: true}}")))
        #expect(plan.refusals.map(\.text) == ["requires the field amount"])
        #expect(DefinitionPlan(from: nil, to: before).refusals.isEmpty)
    }

    @Test("an expression allows no purpose and lowers no class, unless somebody answers for it")
    func purposes() {
        func problems(_ input: String, _ derived: String) -> [String] {
            SmallDefinitions.problems(
                """
                entities: {card: {short: card, key: card_id}}
                events: {payment: {id: id, entities: {card: card_id}}}
                aggregates: {card: {cnt: {from: payment, count: true, windows: [1h], \(input)}}}
                derived: {twice: {type: int, expr: 'card_cnt_1h * 2', \(derived)}}
                """)
        }
        let credit = "purposes: [fraud, credit]"
        #expect(
            problems("purposes: [fraud]", credit) == [
                "\"twice\" is for credit, but reads \"card_cnt_1h\", which is not; leave the purpose out,"
                    + " or name an approver"
            ])
        #expect(problems("purposes: [fraud]", credit + ", approver: privacy-office").isEmpty)
        #expect(problems(credit, credit).isEmpty)
        #expect(problems("sensitivity: restricted", "sensitivity: low").count == 1)
        #expect(problems("sensitivity: restricted", "sensitivity: restricted").isEmpty)
    }

    @Test("a currency is one of ISO 4217")
    func currencies() {
        let text = "entities: {card: {short: card, key: card_id}}\nrates: {EUX: 1.5}"
        #expect(SmallDefinitions.problems(text) == ["rate of \"EUX\": not an ISO 4217 code"])
        #expect(Currency.exponent("CLF") == 4 && Currency.exponent("EUX") == nil)
    }

    @Test("a set that is too large is refused before anything is made of it")
    func large() {
        let events = (0..<300).map { "  e\($0): {id: id}\n" }.joined()
        #expect(
            SmallDefinitions.problems("events:\n" + events)
                == ["a set has at most 256 event types and snapshots; this one 300"])
        let sources = (0..<100).map { "e\($0)" }.joined(separator: ", ")
        let text = """
            entities: {card: {short: card, key: card_id}}
            aggregates: {card: {n: {from: [\(sources)], count: true, windows: [1h]}}}
            """
        #expect(SmallDefinitions.problems(text) == ["100 sources; at most 64"])
        let fields = (0..<40_000).map { "f\($0): money" }.joined(separator: ", ")
        let problems = SmallDefinitions.problems("events: {e: {id: id, fields: {\(fields)}}}")
        #expect(problems.first == "a set has at most 8192 fields of events; this one 40000")
    }
}
