import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Storage
import Testing
import Wire

@Suite struct TrailTests {
    /// Explains a count over all events of a card: it finds them by the card's trail.
    private func explained(_ store: TestStore) throws -> [String] {
        try ExplainTests.explain(store, "card_txn_cnt_24h", [("card", "c1")]).eventIds
    }

    @Test(
        "a trail names an entity's events in order, whatever of it is stored", arguments: 0..<4)
    func order(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let directory = TestStore.freshDirectory()
        var store = try await TestStore(directory: directory)
        defer { store.remove() }
        var expected: [String] = []
        for index in 0..<80 {
            let isOwn = Bool.random(using: &random)
            let event = Payment.event("e\(index)", card: isOwn ? "c1" : "c2")
            _ = try await store.score(event)
            if isOwn { expected.append(event.id) }
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try await store.features.flush()
            case 1:
                store.crash()
                store = try await TestStore(directory: directory)
            case 2: #expect(try explained(store) == expected, "seed \(seed), event \(index)")
            default: break
            }
        }
        #expect(try explained(store) == expected, "seed \(seed)")
    }

    @Test("with states stored beside their events the trail is stored too")
    func strict() async throws {
        var configuration = FeatureStoreConfiguration()
        configuration.strictStates = true
        let store = try await TestStore(configuration: configuration)
        defer { store.remove() }
        for index in 0..<5 { _ = try await store.score(Payment.event("e\(index)", card: "c1")) }
        #expect(try store.rows("trail").count == 20)
        #expect(try explained(store) == (0..<5).map { "e\($0)" })
    }
}
