import AssayMessages
import RPC
import Testing
import Wire

@testable import FeatureCore

@Suite struct StatsServiceTests {
    private static let vector = AssayFeaturesV1.VectorRef(name: "card_small", version: 1)

    private func stats(
        _ store: TestStore, features: [String] = [], baseline: Bool = false
    ) async throws -> AssayFeaturesV1.StatsResponse {
        let from = Payment.time(-3_600)
        let to = Payment.time(3_600)
        return try await store.service.stats(
            AssayFeaturesV1.StatsRequest(
                vector: Self.vector, features: features, from: from, to: to,
                baselineFrom: baseline ? from : nil, baselineTo: baseline ? to : nil),
            context: store.context())
    }

    @Test("what was served is counted by feature, and rows of each type have their age")
    func counts() async throws {
        let store = try await TestStore(definitions: EventFixture.definitions)
        defer { store.remove() }
        for index in 0..<10 {
            _ = try await store.score(
                EventFixture.payment("e\(index)", at: EventFixture.now - 1_000 + Int64(index)),
                vectors: [Self.vector])
        }
        let stats = try await stats(store, baseline: true)
        #expect(stats.vectors == 10)
        #expect(stats.hours == 1)
        #expect(stats.features.map(\.feature)[0] == "card_txn_cnt_1h")
        #expect(stats.features[0].maximum == 9)
        #expect(stats.features[0].sum == 45)
        #expect(stats.features[0].statuses.prefix(2) == [9, 1])
        #expect(stats.drift.count == 4)
        #expect(stats.drift.allSatisfy { $0.insufficient && $0.alerts.isEmpty })
        #expect(stats.freshness.map(\.name) == ["payment"])
        #expect(stats.freshness[0].newest == EventFixture.time(EventFixture.now - 991))
        let one = try await self.stats(store, features: ["card_amt_sum_24h"])
        #expect(one.features.map(\.feature) == ["card_amt_sum_24h"])
        let error = await #expect(throws: RPCError.self) {
            try await self.stats(store, features: ["card_amt_sum_24"])
        }
        #expect(error?.message.contains("card_amt_sum_24h") == true)
    }

    @Test("statistics are there after a restart, and of other tenants nothing is told")
    func restart() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(
            directory: directory, definitions: EventFixture.definitions)
        _ = try await first.score(EventFixture.payment("e1"), vectors: [Self.vector])
        try await first.features.close()
        let second = try await TestStore(
            directory: directory, definitions: EventFixture.definitions)
        defer { second.remove() }
        _ = try await second.score(EventFixture.payment("e2"), vectors: [Self.vector])
        #expect(try await stats(second).vectors == 2)
        let other = try await second.service.stats(
            AssayFeaturesV1.StatsRequest(
                vector: Self.vector, from: Payment.time(-3_600), to: Payment.time(3_600)),
            context: second.context(tenant: "other"))
        #expect(other.vectors == 0)
    }
}
