import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Testing
import Wire

@testable import FeatureCore

/// Acceptance test 20, of features that are computed from others.
@Suite struct ExplainDerivedTests {
    static let vector = AssayFeaturesV1.VectorRef(name: "mixed", version: 1)

    static func definitions() throws -> DefinitionSet {
        let text = """
            format: assay.features/1
            package: explained
            owner: test
            description: Payments of cards and customers.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities:
              card: {short: card, key: card_id}
              customer: {short: cust, key: customer_id}
            events:
              payment:
                id: payment_id
                time: at
                max_late: 60d
                entities: {card: card_id, customer: customer_id}
                fields: {amount: money, merchant_id: string}
            aggregates:
              card:
                cnt: {from: payment, count: true, windows: [24h]}
                with_self: {from: payment, count: true, windows: [7d], self: include}
                avg: {from: payment, avg: amount, windows: [24h], default: missing}
            registers: {card: {last_payment: {from: payment, latest: [amount], remember: 400d}}}
            tables: {customer: {merchants: {from: payment, key: merchant_id, rows: 3, latest: [amount]}}}
            recent: {card: {payments: {from: payment, rows: 4, fields: [amount]}}}
            derived:
              over_avg: {type: double, default: missing, expr: 'ratio(tx.amount, card_avg_24h)'}
              twice: {type: double, default: missing, expr: over_avg * 2.0}
              rows: {type: int, expr: size(payments) + size(merchants)}
              since: {type: int, default: missing, expr: seconds_since(last_payment.time)}
              often: {type: int, default: 0, expr: card_with_self_7d, when: card_cnt_24h > 3}
            vectors:
              mixed@1: {purpose: fraud, features: [twice, rows, since, often, card_with_self_7d]}
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "t.yaml")])
    }

    static func payment(_ number: Int, _ random: inout SeededGenerator) -> AssayFeaturesV1.Event {
        var event = Payment.event(
            "p\(number)", cents: .random(in: 1...90_000, using: &random),
            card: "c\(Int.random(in: 0..<2, using: &random))",
            customer: "u\(Int.random(in: 0..<2, using: &random))", account: nil, terminal: nil,
            offset: -Double.random(in: 0..<300_000, using: &random))
        event.fields["merchant_id"] = .text("m\(Int.random(in: 0..<5, using: &random))")
        return event
    }

    @Test(
        "a computed value is the one served, and each of its inputs is explained", arguments: 0..<3)
    func inputs(_ seed: UInt64) async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: seed)
        var sent: [AssayFeaturesV1.Event] = []
        for number in 0..<60 {
            let event = Self.payment(number, &random)
            let reply = try await store.score(event, vectors: [Self.vector])
            let served = reply.vectors[0]
            func explain(_ feature: String) throws -> AssayFeaturesV1.ExplainResponse {
                try ExplainTests.explain(store, feature, [], sequence: reply.receipt.sequence)
            }
            let features = ["twice", "rows", "since", "often", "card_with_self_7d"]
            for (position, feature) in features.enumerated() {
                let explained = try explain(feature)
                #expect(
                    explained.value.bitPattern == served.values[position].bitPattern,
                    "seed \(seed), \(feature)")
                #expect(explained.status == UInt32(served.status[position]), "\(feature)")
            }
            let card = sent.filter { $0.fields["card_id"] == event.fields["card_id"] }
            try Self.checkAverage(try explain("twice"), event, card)
            try Self.checkRows(try explain("rows"), card, sent)
            sent.append(event)
        }
    }

    /// `twice` reads `over_avg`, which reads the amount at hand and the card's average.
    private static func checkAverage(
        _ explained: AssayFeaturesV1.ExplainResponse, _ event: AssayFeaturesV1.Event,
        _ card: [AssayFeaturesV1.Event]
    ) throws {
        #expect(explained.inputs.map(\.name) == ["over_avg", "tx.amount", "card_avg_24h"])
        #expect(explained.inputs.map(\.kind) == ["derived", "field", "state"])
        let now = (card + [event]).map(\.time.millisecondsSinceEpoch).max() ?? 0
        let counted = card.filter {
            $0.time.millisecondsSinceEpoch / 900_000 >= (now - 86_400_000) / 900_000
        }
        let average = explained.inputs[2]
        #expect(average.eventIds == counted.map(\.id))
        #expect(average.events == UInt64(counted.count) && average.entity == "card")
        #expect(explained.eventIds == counted.map(\.id) && explained.tiles.isEmpty)
        let amount = explained.inputs[1]
        guard case .amount(let money)? = event.fields["amount"] else { return }
        #expect(amount.value == Double(money.coefficient) && amount.status == 0)
        let doubled = explained.inputs[0].value * 2
        #expect(doubled.bitPattern == explained.value.bitPattern || doubled.isNaN)
    }

    /// `rows` counts the newest four payments of the card and three merchants of the customer.
    private static func checkRows(
        _ explained: AssayFeaturesV1.ExplainResponse, _ card: [AssayFeaturesV1.Event],
        _ sent: [AssayFeaturesV1.Event]
    ) throws {
        let list = try #require(explained.inputs.first { $0.name == "payments" })
        let table = try #require(explained.inputs.first { $0.name == "merchants" })
        let newest = card.enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }.suffix(4).map(\.element.id)
        #expect(Set(list.eventIds) == Set(newest) && list.value == Double(newest.count))
        let merchants = sent.filter { table.eventIds.contains($0.id) }.map {
            $0.fields["merchant_id"]
        }
        #expect(Double(Set(merchants).count) == table.value && table.value <= 3)
        #expect(Set(explained.eventIds) == Set(list.eventIds).union(table.eventIds))
        #expect(explained.events == UInt64(explained.eventIds.count))
    }

    @Test("now, a feature is computed from what the keys name")
    func now() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: 9)
        for number in 0..<20 {
            _ = try await store.score(Self.payment(number, &random), vectors: [Self.vector])
        }
        let keys = [("card", "c1"), ("customer", "u0")]
        let read = try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: Self.vector, keys: WireMap(keys), time: TestStore.now),
            context: store.context()
        ).vector
        for (position, feature) in ["twice", "rows", "since"].enumerated() {
            let explained = try ExplainTests.explain(store, feature, keys)
            #expect(explained.value.bitPattern == read.values[position].bitPattern, "\(feature)")
            #expect(explained.status == UInt32(read.status[position]), "\(feature)")
        }
        let absent = try ExplainTests.explain(store, "twice", keys)
        #expect(absent.inputs[1].name == "tx.amount" && absent.inputs[1].status == 2)
        let error = #expect(throws: RPCError.self) {
            try ExplainTests.explain(store, "rows", [])
        }
        #expect(error?.message.contains("card, customer") == true)
    }
}
