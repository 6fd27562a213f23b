import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Storage
import Testing
import Wire

@Suite struct LabelTests {
    static let text = """
        format: assay.features/1
        package: test
        owner: tests
        description: Labels of payments.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR
        rates: {USD: 0.9}
        entities:
          terminal: {short: term, key: terminal_id}
          account: {short: acct, key: account_id}
        events:
          payment:
            id: payment_id
            time: occurred_at
            max_late: 400d
            entities: {terminal: terminal_id, account: {origin: from_id, destination: to_id}}
            fields: {amount: money}
          fraud_label: {id: label_id, time: reported_at, max_late: 400d, class: label, refers_to: {payment: payment_id}}
        aggregates:
          terminal:
            fraud_cnt: {from: fraud_label, count: true, at: payment.occurred_at, windows: [7d], description: x}
            fraud_sum: {from: fraud_label, sum: payment.amount, at: payment.occurred_at, windows: [7d], description: x}
          account:
            in_cnt: {from: payment as destination, count: true, windows: [7d], description: x}
            out_cnt: {from: payment as origin, count: true, windows: [7d], description: x}
        vectors:
          labels@1: {purpose: fraud, features: [term_fraud_cnt_7d, term_fraud_sum_7d]}
          accounts@1: {purpose: fraud, features: [acct_in_cnt_7d, acct_out_cnt_7d]}
        """

    static func definitions(rate: String = "0.9") throws -> DefinitionSet {
        try DefinitionCompiler.compile([
            try DefinitionParser.parse(
                text.replacing("USD: 0.9", with: "USD: \(rate)"), file: "test.yaml")
        ])
    }

    func payment(
        _ id: String, currency: CurrencyCode = "EUR", from: String = "a1", to: String = "a2"
    ) throws -> AssayFeaturesV1.Event {
        let amount = try #require(Money(currency: currency, coefficient: 1_000, scale: 2))
        return AssayFeaturesV1.Event(
            id: id, type: "payment", time: Payment.time(-3_600),
            fields: WireMap([
                ("amount", .amount(amount)), ("from_id", .text(from)), ("to_id", .text(to)),
                ("terminal_id", .text("t1")),
            ]))
    }

    func label(_ id: String, of payment: String) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: id, type: "fraud_label", time: Payment.time(0),
            fields: WireMap([("payment_id", .text(payment))]))
    }

    func values(
        _ store: TestStore, _ vector: String, _ keys: [(String, String)]
    ) async throws -> [Double] {
        try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: AssayFeaturesV1.VectorRef(name: vector, version: 1), keys: WireMap(keys),
                time: TestStore.now), context: store.context()
        ).vector.values
    }

    @Test("a label counts where its payment was, with the payment's amount as it was converted")
    func label() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory, definitions: Self.definitions())
        let none = try await first.ingest([label("l0", of: "p1")])
        #expect(none.map(\.outcome) == [.quarantined])
        #expect(none[0].problems.map(\.rule) == ["refers_to"])
        _ = try await first.ingest([payment("p1"), payment("p2", currency: "USD")])
        let receipts = try await first.ingest([label("l1", of: "p1"), label("l2", of: "p2")])
        #expect(receipts.map(\.outcome) == [.applied, .applied])
        #expect(try await values(first, "labels", [("terminal", "t1")]) == [2, 1_900])
        first.crash()
        // Another rate today changes nothing of what was known then.
        let second = try await TestStore(
            directory: directory, definitions: Self.definitions(rate: "0.5"))
        #expect(second.features.statistics.recovered.load(ordering: .relaxed) == 4)
        #expect(try await values(second, "labels", [("terminal", "t1")]) == [2, 1_900])
        let later = try await second.ingest([label("l3", of: "p2")])
        #expect(later.map(\.outcome) == [.applied])
        #expect(try await values(second, "labels", [("terminal", "t1")]) == [3, 2_800])
        second.remove()
    }

    @Test("one account in two roles is one apply with both, and one trail")
    func roles() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        _ = try await store.ingest([payment("p1", from: "a1", to: "a1")])
        #expect(try await values(store, "accounts", [("account", "a1")]) == [1, 1])
        _ = try await store.ingest([payment("p2", from: "a2", to: "a1")])
        #expect(try await values(store, "accounts", [("account", "a1")]) == [2, 1])
        // p1: an account and a terminal; p2: two accounts and a terminal.
        #expect(try await store.trailSteps() == 5)
    }
}
