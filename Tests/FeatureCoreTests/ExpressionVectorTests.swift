import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Storage
import Testing
import Wire

/// Vectors of definition files, from events that a store has applied.
@Suite struct ExpressionVectorTests {
    private static let text =
        LanguageExample.base.replacing(
            "  amount: {type: money, expr: 'tx.amount'}\n",
            with: """
                  amount: {type: money, expr: 'tx.amount'}
                  amt_over_avg: {type: double, expr: 'ratio(tx.amount, card_txn_avg_7d)'}
                  km_from_last: {type: double, expr: 'km(tx.location, last_payment.location)'}
                  docs_verified: {type: int, default: 0, expr: 'size(documents.filter(d, d.status == "verified"))'}
                  business_risk: {type: double, default: 0.5, expr: 'P.business_type_risk[customer_profile.business_type]'}
                  merchant_sum: {type: money, default: 0, expr: 'merchants[tx.merchant_id].amount_sum'}
                  same_amounts: {type: int, expr: 'size(payments.filter(p, p.amount == tx.amount))'}
                  hour_share: {type: double, expr: 'share(card_hours_90d, local_hour(tx.time))'}
                  amount_rank: {type: double, expr: 'rank(tx.amount, card_amounts_90d)'}
                  risky_country: {type: bool, default: false, expr: 'tx.country in L.high_risk_countries'}
                  paid_in_24h: {type: money, of: destination, expr: 'acct_in_sum_24h'}
                  new_and_large: {type: bool, expr: 'is_new_merch && amt_over_avg > 2.0'}

                """
        ) + """
              everything@1: {purpose: fraud, features: [{amount: {as: major}}, amt_over_avg, km_from_last, docs_verified, business_risk, {merchant_sum: {as: major}}, same_amounts, hour_share, amount_rank, risky_country, {paid_in_24h: {as: major}}, new_and_large, card_burst_1m, card_xborder_cnt_24h]}

            """

    private static let everything = AssayFeaturesV1.VectorRef(name: "everything", version: 1)

    private static func payment(
        _ id: String, cents: Int64, merchant: String, offset: Double, longitude: Double = 0,
        country: String = "DE"
    ) -> AssayFeaturesV1.Event {
        let amount = Money(currency: "EUR", coefficient: cents, scale: 2)!
        return AssayFeaturesV1.Event(
            id: id, type: "payment", time: Payment.time(offset),
            fields: WireMap([
                ("account_id", .text("a1")), ("amount", .amount(amount)),
                ("card_country", .text("DE")), ("card_id", .text("c1")),
                ("country", .text(country)), ("customer_id", .text("p1")),
                ("location", .place(AssayTypesV1.Place(latitude: 0, longitude: longitude))),
                ("merchant_id", .text(merchant)), ("payee_account_id", .text("a2")),
            ]))
    }

    private static func document(
        _ id: String, _ status: String, offset: Double
    ) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: "change-\(id)-\(status)", type: "document", time: Payment.time(offset),
            fields: WireMap([
                ("customer_id", .text("p1")), ("document_id", .text(id)),
                ("status", .text(status)),
            ]))
    }

    @Test("a vector of expressions is computed from what a store keeps")
    func everything() async throws {
        let set = try DefinitionSources(["payments.yaml": Self.text]).compile()
        let store = try await TestStore(definitions: set)
        defer { store.remove() }
        let events = [
            Self.document("id", "verified", offset: -90),
            Self.document("tax", "pending", offset: -89),
            AssayFeaturesV1.Event(
                id: "profile", type: "customer_profile", time: Payment.time(-80),
                fields: WireMap([
                    ("business_type", .text("gambling")), ("customer_id", .text("p1")),
                ])),
            Self.payment("1", cents: 10_00, merchant: "m1", offset: -40),
            Self.payment("2", cents: 30_00, merchant: "m1", offset: -30, country: "FR"),
            Self.payment("3", cents: 20_00, merchant: "m2", offset: -20, longitude: 1),
        ]
        for event in events {
            #expect(try await store.score(event, vectors: []).receipt.outcome == .applied)
        }
        let reply = try await store.score(
            Self.payment("4", cents: 90_00, merchant: "m1", offset: 0, country: "IR"),
            vectors: [Self.everything, .init(name: "card_small", version: 1)])
        #expect(reply.receipt.outcome == .applied)
        let vector = try #require(reply.vectors.first)
        let kilometre = 6_371.0088 * Double.pi / 180
        let expected: [Double] = [
            90, 4.5, kilometre, 1, 1, 40, 0, 1, 1, 1, 60, 0, 4, 1,
        ]
        for (position, value) in expected.enumerated() {
            let name = set.vectors.first { $0.name == "everything" }?.columns[position].name ?? ""
            #expect(abs(vector.values[position] - value) < 1e-9, "\(name)")
            #expect(vector.status[position] & 7 == 0, "\(name)")
        }
        #expect(reply.vectors[1].values[0] == 90)
        #expect(reply.vectors[1].values[1] == 3)
        // The same when it is sent again, and as a vector of its own.
        let dry = try await store.score(
            Self.payment("5", cents: 90_00, merchant: "m1", offset: 0, country: "IR"),
            vectors: [Self.everything], dryRun: true)
        #expect(dry.vectors[0].values[6] == 1)
    }

    @Test("an entity without events has an empty vector, and one that is not named an absent one")
    func nothing() async throws {
        let set = try DefinitionSources(["payments.yaml": Self.text]).compile()
        let store = try await TestStore(definitions: set)
        defer { store.remove() }
        var event = Self.payment("1", cents: 10_00, merchant: "m1", offset: 0)
        let empty = try #require(
            try await store.score(event, vectors: [Self.everything], dryRun: true).vectors.first)
        #expect(
            empty.status.map { $0 & 7 } == [0, 1, 1, 1, 2, 1, 1, 1, 1, 0, 1, 1, 0, 1])
        #expect(empty.values[4] == 0.5)
        #expect(empty.values[12] == 1)
        event.fields = WireMap(
            event.fields.filter { $0.key == "amount" || $0.key == "country" }.map {
                ($0.key, $0.value)
            })
        event.id = "2"
        let absent = try #require(
            try await store.score(event, vectors: [Self.everything], dryRun: true).vectors.first)
        #expect(
            absent.status.map { $0 & 7 } == [0, 2, 2, 2, 2, 2, 2, 2, 2, 0, 2, 2, 2, 2])
        #expect(absent.values[12] == 0)
    }

    @Test("a vector that is to fail without its store does, and one of the event alone does not")
    func unavailable() async throws {
        let text =
            Self.text + """
                  strict@1: {purpose: fraud, on_unavailable: fail, features: [amount, card_txn_cnt_1h]}
                  request@1: {purpose: fraud, on_unavailable: fail, features: [amount, risky_country]}

                """
        let directory = TestStore.freshDirectory()
        let disk = FailingStore(
            try RocksDBStore(directory: directory, families: EmbeddedFeatureStore.families))
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let features = try await EmbeddedFeatureStore.open(
            disk, definitions: DefinitionSources(["payments.yaml": text]).compile(),
            clock: { TestStore.now })
        let service = FeatureService(features)
        let context = ServerContext(
            method: AssayFeaturesV1.FeatureStore.scoreEvent,
            caller: Caller(tenant: "bank", client: "test"))
        func score(
            _ id: String, _ vector: String
        ) async throws -> AssayFeaturesV1.ScoreEventResponse {
            try await service.scoreEvent(
                AssayFeaturesV1.ScoreEventRequest(
                    event: Self.payment(id, cents: 1_00, merchant: "m", offset: 0),
                    vectors: [.init(name: vector, version: 1)]), context: context)
        }
        #expect(try await score("1", "strict").receipt.outcome == .applied)
        disk.fill()
        // The first write that fails ends the store.
        #expect(try await score("2", "request").receipt.outcome == .notRecorded)
        let error = await #expect(throws: RPCError.self) { try await score("3", "strict") }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("1 of the 2 values of strict@1") == true)
        #expect(try await score("4", "everything").vectors.first?.degraded == true)
        #expect(try await score("5", "request").vectors.first?.degraded == false)
        disk.close()
    }

    @Test("a wrong expression is reported with its file, line and column")
    func mistakes() throws {
        func problems(_ old: String, _ new: String) -> [String] {
            let sources = DefinitionSources(["payments.yaml": Self.text.replacing(old, with: new)])
            do {
                _ = try sources.compile()
                return []
            } catch {
                return error.problems.map(\.description)
            }
        }
        let lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains("amt_over_avg: {") })
        let column = try #require(lines[line].range(of: "tx.amount"))
        let offset = lines[line].distance(from: lines[line].startIndex, to: column.lowerBound)
        #expect(
            problems("ratio(tx.amount, card_txn_avg_7d)", "ratio(tx.amuont, card_txn_avg_7d)")
                .first?.hasPrefix(
                    "payments.yaml:\(line + 1):\(offset + 1): unknown fact 'tx.amuont'") == true)
        let cases = [
            ("'outcome == \"declined\"'", "'outcome == \"declind\"'", "no label 'declind'"),
            ("amount_currency in L.currencies", "amount_currency > 3", "does not take"),
            ("expr: 'local_hour(time)'", "expr: 'country'", "declared as int"),
            ("of: destination", "of: destnation", "no role \"destnation\""),
            ("is_new_merch && amt", "new_and_large && amt", "a feature depends on itself"),
            ("{type: int, expr: 'size(payments", "{type: bool, expr: 'size(payments", "declared"),
            ("features: [{amount", "features: [{amunt", "no feature \"amunt\""),
        ]
        for (old, new, expected) in cases {
            let found = problems(old, new)
            #expect(found.contains { $0.contains(expected) }, "\(new): \(found)")
        }
    }
}
