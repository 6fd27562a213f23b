import FeatureCore
import FeatureEngine
import Testing

@Suite struct DefinitionPlanTests {
    func compile(_ text: String) throws -> DefinitionSet {
        try DefinitionSources(["payments.yaml": text]).compile()
    }

    func plan(
        replacing old: String, with new: String, pinned: Set<String> = []
    ) throws -> DefinitionPlan {
        let text = LanguageExample.base.replacing(old, with: new)
        #expect(text != LanguageExample.base, "\(old)")
        return DefinitionPlan(
            from: try compile(LanguageExample.base), to: try compile(text), pinned: pinned)
    }

    func classes(_ plan: DefinitionPlan) -> [DefinitionPlan.Class] {
        Set(plan.changes.map(\.class)).sorted { $0.rawValue < $1.rawValue }
    }

    @Test("the same definitions in another order and form are no change")
    func nothing() throws {
        let plan = try plan(
            replacing: "'country != card_country', windows: [24h]",
            with: "'country  !=  card_country' , windows: [24h]")
        #expect(plan.changes.isEmpty && !plan.needsGeneration)
        #expect(plan.lines().last == "nothing changes")
    }

    @Test("a description, a list's entries and another name are notes")
    func notes() throws {
        let described = try plan(
            replacing: "description: An example of everything.", with: "description: Another.")
        #expect(classes(described) == [.note] && !described.needsGeneration)
        let listed = try plan(replacing: "[IR, KP]", with: "[IR, KP, XX]")
        #expect(listed.changes.map(\.subject) == ["reference L.high_risk_countries"])
        #expect(classes(listed) == [.note] && !listed.needsGeneration)
        let renamed = try plan(replacing: "txn_sum: ", with: "paid: ")
        #expect(renamed.changes.map(\.text) == ["was called card_txn_sum_24h"])
        #expect(classes(renamed) == [.note] && !renamed.needsGeneration)
    }

    @Test("a feature and a vector over what is kept are free")
    func free() throws {
        let feature = try plan(
            replacing: "amount: {type: money, expr: 'tx.amount'}",
            with: "amount: {type: money, expr: 'tx.amount'}\n"
                + "  ratio: {type: double, expr: 'ratio(tx.amount, card_txn_avg_7d)'}")
        #expect(feature.changes.map(\.subject) == ["feature ratio"])
        #expect(classes(feature) == [.free] && !feature.needsGeneration)
        let vector = try plan(
            replacing: "vectors:\n",
            with: "vectors:\n  other@1: {purpose: fraud, features: [card_txn_cnt_1h]}\n")
        #expect(classes(vector) == [.free] && vector.changes[0].subject == "vector other@1")
        let window = try plan(
            replacing: "avg: amount, windows: [7d, 30d]",
            with: "avg: amount, windows: [24h, 7d, 30d]")
        // The counter has tiles of 24 hours for another feature.
        #expect(classes(window) == [.free] && !window.needsGeneration)
    }

    @Test("a window, an attribute, a counter grow the states, and the plan says how much")
    func grow() throws {
        let window = try plan(
            replacing: "sum: amount, windows: [24h]", with: "sum: amount, windows: [24h, 90d]")
        #expect(classes(window) == [.grow] && window.needsGeneration && !window.isRefused)
        #expect(window.sizes.map(\.entity) == ["card"])
        let size = try #require(window.sizes.first)
        #expect(44 < size.quiet && size.quiet < size.busy && size.busy < size.largest)
        #expect(window.overshoots.map(\.feature) == ["card_txn_sum_90d"])
        let reached = window.changes.flatMap(\.vectors)
        #expect(Set(reached) == ["card_small@1"])
        let text = window.lines(logged: 1_000_000).joined(separator: "\n")
        #expect(text.contains("1000000 entity events to replay: about 5 s of one core"))
        #expect(text.contains("card_txn_sum_90d: 1.1 % (1d)"))
    }

    @Test("another meaning, default or type under an old name is refused")
    func change() throws {
        let changes = [
            ("outcome == \"declined\"", "outcome == \"approved\""),
            ("windows: [7d, 30d], default: missing", "windows: [7d, 30d], default: 0"),
            ("expr: 'tx.amount'", "expr: 'tx.amount + tx.amount'"),
            ("other, approved, declined]", "other, declined, approved]"),
            (
                "mcc: {type: string, max: 4}, location: {type: place",
                "mcc: {type: string, max: 4}, location: {type: string"
            ),
        ]
        for (old, new) in changes {
            let plan = try plan(replacing: old, with: new)
            #expect(plan.isRefused, "\(new)")
            #expect(plan.changes.contains { $0.class == .change }, "\(new)")
            #expect(plan.lines().joined(separator: "\n").contains("REFUSED"))
        }
        // More labels at the end are none of that.
        let more = try plan(
            replacing: "other, approved, declined]", with: "other, approved, declined, held]")
        #expect(classes(more) == [.free])
    }

    @Test("what a live model pins cannot be removed")
    func remove() throws {
        let next = ("card_small@1", "card_small@2")
        #expect(!(try plan(replacing: next.0, with: next.1)).isRefused)
        let pinned = try plan(replacing: next.0, with: next.1, pinned: ["card_small@1"])
        #expect(pinned.refusals.map(\.subject) == ["vector card_small@1"])
    }

    @Test("a label counted at the time of what it is about, without a lag, is refused as a leak")
    func leak() throws {
        let text = LanguageExample.base
            .replacing("windows: [1d, 7d, 30d], lag: 7d", with: "windows: [1d, 7d, 30d]")
            .replacing("term_fraud_rate_7d_lag7d", with: "term_fraud_rate_7d")
        let leak = DefinitionPlan(from: nil, to: try compile(text)).refusals
        #expect(leak.count == 3)
        #expect(leak.allSatisfy { $0.text.contains("where they cannot be known yet") })
        // At its own time a label is known, though it may come late.
        let own = text.replacing("at: payment.occurred_at, per: payment, ", with: "")
        let plan = DefinitionPlan(from: nil, to: try compile(own))
        #expect(!plan.isRefused && plan.lints.count == 3)
        #expect(DefinitionPlan(from: nil, to: try compile(LanguageExample.base)).lints.isEmpty)
    }

    @Test("the hash of a plan names what it goes from, what it goes to, and what it says")
    func hashes() throws {
        let set = try compile(LanguageExample.base)
        let first = DefinitionPlan(from: nil, to: set)
        let again = DefinitionPlan(from: nil, to: set)
        let other = DefinitionPlan(from: set, to: set)
        #expect(first.hash == again.hash && first.hash != other.hash)
        #expect(!first.isRefused && first.before.isEmpty)
        #expect(first.changes.contains { $0.subject == "entity card" && $0.class == .grow })
    }
}
