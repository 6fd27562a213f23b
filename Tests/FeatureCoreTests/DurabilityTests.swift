import AssayMessages
import FeatureCore
import FeatureEngine
import Storage
import Testing
import Wire

@Suite struct DurabilityTests {
    func configuration(
        _ durability: EventDurability, strict: Bool = false
    ) -> FeatureStoreConfiguration {
        var configuration = FeatureStoreConfiguration()
        configuration.durability = durability
        configuration.strictStates = strict
        return configuration
    }

    @Test(
        "the receipt names the level, and what it names survives",
        arguments: EventDurability.allCases)
    func levels(_ durability: EventDurability) async throws {
        let directory = TestStore.freshDirectory()
        let store = try await TestStore(
            directory: directory, configuration: configuration(durability))
        for index in 0..<50 {
            let receipt = try await store.score(Payment.event("e\(index)")).receipt
            #expect(receipt.outcome == .applied)
            #expect(receipt.durability == (durability == .synced ? .synced : .written))
        }
        store.crash()
        let again = try await TestStore(directory: directory)
        defer { again.remove() }
        #expect(again.features.statistics.recovered.load(ordering: .relaxed) == 50)
        let reply = try await again.score(Payment.event("new"))
        #expect(reply.vectors.first?.value("card_txn_cnt_24h") == 50)
    }

    @Test("with strict states the blobs are stored with the event, and equal those stored behind")
    func strict() async throws {
        let directory = TestStore.freshDirectory()
        let strict = try await TestStore(
            directory: directory, configuration: configuration(.written, strict: true))
        let behind = try await TestStore()
        defer { behind.remove() }
        for index in 0..<30 {
            let event = Payment.event("e\(index)", card: "c\(index % 3)")
            let reply = try await strict.score(event)
            #expect(try await behind.score(event).vectors == reply.vectors)
        }
        #expect(strict.features.unsavedBytes == 0)
        try await behind.features.flush()
        let expected = try behind.storage.rows("state", limit: 100)
        let stored = try strict.storage.rows("state", limit: 100)
        #expect(stored.map(\.key) == expected.map(\.key))
        #expect(stored.map(\.value) == expected.map(\.value))
        strict.crash()
        let again = try await TestStore(directory: directory)
        defer { again.remove() }
        let reply = try await again.score(Payment.event("new"))
        #expect(reply.vectors.first?.value("acct_txn_cnt_24h") == 30)
    }
}
