import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Testing
import Wire

/// Texts that states hold as hashes, beside those of the event at hand.
@Suite struct StoredTextTests {
    private static let sections = """
        entities: {customer: {short: cust, key: customer_id, subject: self, personal: person}}
        events:
          payment: {id: id, max_late: 7d, entities: {customer: customer_id}, fields: {country: string, shop: string, payee: string}}
          refund: {id: id, max_late: 7d, entities: {customer: customer_id}, fields: {country: string, shop: string, payee: string}}
        snapshots:
          profile: {entity: customer, fields: {country: string}}
        attributes: {customer: {shops: {from: payment, value: shop, windows: [24h], remember: 30d}}}
        tables: {customer: {payees: {from: payment, key: payee, rows: 8, latest: [country]}}}
        derived:
          foreign: {type: bool, expr: 'tx.country != profile.country'}
          known_payee: {type: bool, default: false, expr: 'has(payees[tx.payee].country)'}
        vectors: {v@1: {purpose: fraud, features: [foreign, cust_is_new_shops, known_payee]}}
        """

    private static func event(
        _ id: String, _ type: String, offset: Double, _ fields: [String: String]
    ) -> AssayFeaturesV1.Event {
        let all = fields.merging(["customer_id": "p1"]) { a, _ in a }
        return AssayFeaturesV1.Event(
            id: id, type: type, time: Payment.time(offset),
            fields: WireMap(all.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) }))
    }

    @Test("a stored text equals that of the event at hand, whatever else a state keeps")
    func equal() async throws {
        let store = try await TestStore(definitions: SmallDefinitions.compile(Self.sections))
        defer { store.remove() }
        let vector = AssayFeaturesV1.VectorRef(name: "v", version: 1)
        for event in [
            Self.event("s", "profile", offset: -9, ["country": "DE"]),
            Self.event("1", "payment", offset: -8, ["country": "DE", "shop": "a", "payee": "x"]),
        ] {
            #expect(try await store.score(event, vectors: []).receipt.outcome == .applied)
        }
        // A refund feeds neither the attribute nor the table: it asks for what payments left.
        let cases = [
            ("payment", ["country": "DE", "shop": "a", "payee": "x"], [0.0, 0, 1]),
            ("refund", ["country": "DE", "shop": "a", "payee": "x"], [0, 0, 1]),
            ("refund", ["country": "FR", "shop": "b", "payee": "y"], [1, 1, 0]),
        ]
        for (type, fields, expected) in cases {
            let reply = try await store.score(
                Self.event("q", type, offset: 0, fields), vectors: [vector], dryRun: true)
            #expect(reply.vectors[0].values == expected, "\(type) \(fields)")
        }
    }

    @Test("a read without an event has no value of another call")
    func withoutEvent() async throws {
        let text =
            LanguageExample.base + "  burst@1: {purpose: fraud, features: [card_burst_1m]}\n"
        let store = try await TestStore(
            definitions: DefinitionSources(["payments.yaml": text]).compile())
        defer { store.remove() }
        let vector = AssayFeaturesV1.VectorRef(name: "burst", version: 1)
        for number in 1...3 {
            let payment = Payment.event("\(number)", card: "a", offset: Double(number))
            let reply = try await store.score(payment, vectors: [vector])
            #expect(reply.vectors[0].values == [Double(number)])
        }
        for (card, count) in [("b", 0.0), ("a", 3)] {
            let reply = try await store.service.getVector(
                AssayFeaturesV1.GetVectorRequest(
                    vector: vector, keys: WireMap([("card", card)]), time: Payment.time(4)),
                context: store.context())
            #expect(reply.vector.values == [count], "\(card)")
        }
    }
}
