import AssayMessages
import FeatureEngine
import RPC
import Testing
import Wire

@testable import FeatureCore

/// Which values a call may have: allowed, withheld, denied.
@Suite struct AccessTests {
    private static let text = """
        format: assay.features/1
        package: test
        owner: tests
        description: Features of every sensitivity.
        sensitivity: low
        purposes: [fraud, credit]
        base_currency: EUR
        entities:
          card: {short: card, key: card_id}
        events:
          payment:
            id: payment_id
            time: occurred_at
            max_late: 400d
            entities: {card: card_id}
            fields: {amount: money, age: int}
        aggregates:
          card:
            txn_cnt: {from: payment, count: true, windows: [24h], purposes: [fraud]}
            amt_sum: {from: payment, sum: amount, windows: [24h]}
        derived:
          age: {type: int, expr: 'tx.age', sensitivity: restricted, purposes: [fraud]}
        vectors:
          open@1: {purpose: fraud, features: [card_txn_cnt_24h, card_amt_sum_24h, age]}
        """
    private static let vector = AssayFeaturesV1.VectorRef(name: "open", version: 1)

    private func withStore(
        _ body: (TestStore, FeatureService) async throws -> Void
    ) async throws {
        let store = try await TestStore(
            definitions: DefinitionSources(["a.yaml": Self.text]).compile())
        defer { store.remove() }
        let access = FeatureAccess(services: ["spiffe://bank/risk": [.fraud, .credit]])
        try await body(store, FeatureService(store.features, access: access))
    }

    private func context(_ scopes: [String] = [], identity: String? = nil) -> ServerContext {
        ServerContext(
            method: AssayFeaturesV1.FeatureStore.scoreEvent,
            peer: Peer(address: "test", identity: identity),
            caller: Caller(tenant: "bank", client: "test", scopes: scopes))
    }

    private func request(
        _ id: String, _ purpose: AssayFeaturesV1.Purpose
    ) -> AssayFeaturesV1.ScoreEventRequest {
        AssayFeaturesV1.ScoreEventRequest(
            event: AssayFeaturesV1.Event(
                id: id, type: "payment", time: TestStore.now,
                fields: WireMap([
                    ("age", .integer(41)), ("amount", EventFixture.money("5.00", "EUR")),
                    ("card_id", .text("c1")),
                ])), vectors: [Self.vector], purpose: purpose)
    }

    @Test("a call gets what its purpose allows; the rest is withheld, also of a stored reply")
    func withheld() async throws {
        try await withStore { store, service in
            let all = context(["features.purpose.fraud", "features.purpose.credit"])
            let fraud = try await service.scoreEvent(request("e1", .unspecified), context: all)
            #expect(fraud.vectors[0].values == [0, 0, 41])
            #expect(fraud.vectors[0].status == [1, 1, 0])
            // The same event again, for another purpose.
            let credit = try await service.scoreEvent(request("e1", .credit), context: all)
            #expect(credit.receipt.outcome == .duplicate)
            #expect(credit.vectors[0].status == [4, 1, 4])
            #expect(credit.vectors[0].values[2] != 41)
            #expect(credit.vectors[0].digest != fraud.vectors[0].digest)
            let read = try await service.getVector(
                AssayFeaturesV1.GetVectorRequest(
                    vector: Self.vector, keys: WireMap([("card", "c1")]), time: TestStore.now,
                    purpose: .credit), context: all)
            #expect(read.vector.values.prefix(2) == [0, 500])
            #expect(read.vector.status[0] == 4)
        }
    }

    @Test("a purpose that the caller does not have is denied, also if it is the vector's own")
    func denied() async throws {
        try await withStore { store, service in
            for (context, purpose) in [
                (context(), .unspecified), (context(["features.score"]), .fraud),
                (context(["features.purpose.fraud"]), .credit),
                (context(["features.purpose.aml"], identity: "spiffe://bank/risk"), .aml),
                (context(["features.purpose.fraud"], identity: "spiffe://bank/other"), .service),
            ] as [(ServerContext, AssayFeaturesV1.Purpose)] {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await service.scoreEvent(request("e1", purpose), context: context)
                }
                #expect(error?.code == .permissionDenied)
                #expect(error?.reason == "PURPOSE")
            }
            // Nothing was recorded by what was denied.
            #expect(try store.recordedIDs().isEmpty)
            let own = context(identity: "spiffe://bank/risk")
            let reply = try await service.scoreEvent(request("e1", .fraud), context: own)
            #expect(reply.receipt.outcome == .applied)
        }
    }

    @Test("a baseline is pinned for its vector's purpose, and who did it is written down")
    func pinned() async throws {
        try await withStore { store, service in
            let request = AssayFeaturesV1.PinBaselineRequest(
                vector: Self.vector,
                source: .period(
                    AssayFeaturesV1.BaselinePeriod(
                        from: Payment.time(-86_400), until: Payment.time(-3_600))),
                reason: "after the release")
            for context in [
                context(), context(["features.baseline", "features.purpose.credit"]),
            ] {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await service.pinBaseline(request, context: context)
                }
                #expect(error?.code == .permissionDenied && error?.reason == "PURPOSE")
            }
            let log = AuditLog(store: store.storage)
            let granted = context(["features.purpose.fraud"])
            let few = await #expect(throws: RPCError.self) {
                _ = try await service.pinBaseline(request, context: granted)
            }
            #expect(few?.reason == "TOO_FEW_VECTORS")
            #expect(try log.entries(tenant: "bank", limit: 10).isEmpty)
            DriftServiceTests.serve(
                1_000, store, at: -7_200, seed: 1, vector: "open@1", features: 3)
            _ = try await service.pinBaseline(request, context: granted)
            let entries = try log.entries(tenant: "bank", limit: 10)
            #expect(entries.map(\.action) == ["pin_baseline"])
            #expect(entries.map(\.object) == ["open@1"])
            #expect(entries.map(\.reason) == ["after the release"])
        }
    }

    @Test("who paid whom is read for a purpose that is stated, granted, and some feature's")
    func edges() async throws {
        try await withStore { store, service in
            func edges(_ purpose: AssayFeaturesV1.Purpose, _ context: ServerContext) throws {
                _ = try service.edges(
                    AssayFeaturesV1.ReadEdgesRequest(
                        owner: "card", sources: [], from: Payment.time(-60),
                        until: Payment.time(0), purpose: purpose), context)
            }
            let all = Purpose.allCases.map(FeatureAccess.scope)
            let unstated = #expect(throws: RPCError.self) {
                try edges(.unspecified, context(all))
            }
            #expect(unstated?.violations.map(\.field) == ["/purpose"])
            for (purpose, scopes) in [
                (.fraud, []), (.fraud, ["features.network"]),
                (.fraud, ["features.purpose.credit"]),
                // Granted, but nothing that is kept of cards is for it.
                (.aml, all), (.service, all),
            ] as [(AssayFeaturesV1.Purpose, [String])] {
                let error = #expect(throws: RPCError.self) {
                    try edges(purpose, context(scopes))
                }
                #expect(error?.code == .permissionDenied && error?.reason == "PURPOSE")
            }
            let log = AuditLog(store: store.storage)
            #expect(try log.entries(tenant: "bank", limit: 10).isEmpty)
            try edges(.fraud, context(["features.purpose.fraud"]))
            let entries = try log.entries(tenant: "bank", limit: 10)
            #expect(entries.map(\.action) == ["read_edges"])
            #expect(entries.map(\.object) == ["card"])
        }
    }

    @Test("a restricted feature has no credit purpose unless somebody answers for it")
    func restricted() {
        func documentation(_ approver: String?) -> Documentation {
            Documentation(
                owner: "o", description: "d", sensitivity: .restricted,
                purposes: [.credit, .fraud],
                approver: approver)
        }
        #expect(!documentation(nil).allows(.credit))
        #expect(documentation(nil).allows(.fraud))
        #expect(documentation("risk-committee").allows(.credit))
        #expect(!documentation("risk-committee").allows(.aml))
    }
}
