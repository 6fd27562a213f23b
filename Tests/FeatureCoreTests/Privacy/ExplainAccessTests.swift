import AssayMessages
import FeatureEngine
import RPC
import Testing
import Wire

@testable import FeatureCore

/// What an explanation shows of what a feature is computed from.
@Suite struct ExplainAccessTests {
    private static let text = """
        format: assay.features/1
        package: test
        owner: tests
        description: A feature for everybody, of what is not.
        sensitivity: low
        purposes: [fraud, credit]
        base_currency: EUR
        entities:
          card: {short: card, key: card_id}
        events:
          payment:
            id: payment_id
            time: occurred_at
            entities: {card: card_id}
            fields: {amount: money, age: {type: int, personal: person}, merchant_id: string}
        registers:
          card: {last: {from: payment, latest: [amount], remember: 400d, purposes: [fraud]}}
        tables:
          card: {shops: {from: payment, key: merchant_id, rows: 3, latest: [amount], sensitivity: restricted}}
        recent:
          card: {payments: {from: payment, rows: 4, fields: [amount], sensitivity: restricted}}
        aggregates:
          card: {cnt: {from: payment, count: true, windows: [24h]}}
        derived:
          mixed: {type: bool, default: false, expr: 'card_cnt_24h > 0 && size(shops) > 0 && size(payments) > 0 && tx.age > 18 && last.amount == tx.amount'}
        vectors:
          open@1: {purpose: fraud, features: [mixed]}
        """

    private func context(_ purposes: [Purpose]) -> ServerContext {
        ServerContext(
            method: AssayFeaturesV1.FeatureStore.explain,
            peer: Peer(address: "test", identity: nil),
            caller: Caller(
                tenant: "bank", client: "test",
                scopes: ["features.explain"] + purposes.map(FeatureAccess.scope)))
    }

    @Test("inputs that are not for the purpose are withheld, whatever they are, with their events")
    func inputs() async throws {
        let store = try await TestStore(
            definitions: DefinitionSources(["a.yaml": Self.text]).compile())
        defer { store.remove() }
        let service = FeatureService(store.features, access: FeatureAccess())
        for id in ["e1", "e2"] {
            _ = try await store.score(
                AssayFeaturesV1.Event(
                    id: id, type: "payment", time: TestStore.now,
                    fields: WireMap([
                        ("age", .integer(41)), ("amount", EventFixture.money("5.00", "EUR")),
                        ("card_id", .text("c1")), ("merchant_id", .text("m1")),
                    ])), vectors: [])
        }
        func explain(_ purpose: Purpose) async throws -> AssayFeaturesV1.ExplainResponse {
            try await service.explain(
                AssayFeaturesV1.ExplainRequest(feature: "mixed", sequence: 2),
                context: context([purpose]))
        }
        let names = ["card_cnt_24h", "last.amount", "payments", "shops", "tx.age", "tx.amount"]
        for (purpose, withheld) in [
            (Purpose.fraud, ["tx.age"]),
            (.credit, ["last.amount", "payments", "shops", "tx.age"]),
        ] {
            let explained = try await explain(purpose)
            #expect(explained.inputs.map(\.name).sorted() == names)
            for input in explained.inputs {
                let isWithheld = withheld.contains(input.name)
                #expect(
                    (Status(byte: UInt8(input.status)).kind == .withheld) == isWithheld,
                    "\(purpose) \(input.name)")
                guard isWithheld else { continue }
                #expect(input.value.isNaN && input.eventIds.isEmpty && input.tiles.isEmpty)
                #expect(input.entity.isEmpty && input.version == 0 && input.events == 0)
            }
            #expect(explained.eventIds == ["e1"])
        }
    }

    @Test("a feature that there is not is not found, and one for no purpose of the caller denied")
    func denied() async throws {
        let store = try await TestStore(
            definitions: DefinitionSources(["a.yaml": Self.text]).compile())
        defer { store.remove() }
        let service = FeatureService(store.features, access: FeatureAccess())
        for (feature, purposes, code) in [
            ("mixd", Purpose.allCases, .notFound), ("mixed", [], .permissionDenied),
            ("mixed", [.aml], .permissionDenied),
        ] as [(String, [Purpose], StatusCode)] {
            let error = await #expect(throws: RPCError.self) {
                try await service.explain(
                    AssayFeaturesV1.ExplainRequest(feature: feature, keys: ["card": "c1"]),
                    context: context(purposes))
            }
            #expect(error?.code == code)
        }
    }
}
