import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Storage
import Testing
import Wire

@Suite struct RecoveryTests {
    let cards = (0..<6).map { "c\($0)" }

    func event(_ index: Int, _ random: inout SeededGenerator) -> AssayFeaturesV1.Event {
        Payment.event(
            "e\(index)", cents: Int64.random(in: 1...100_000, using: &random),
            card: cards.randomElement(using: &random),
            offset: -Double.random(in: 0...100_000, using: &random))
    }

    func vectors(_ store: TestStore) async throws -> [AssayFeaturesV1.Vector] {
        var vectors: [AssayFeaturesV1.Vector] = []
        for card in cards {
            let keys = [("card", card), ("customer", "p1"), ("account", "a1"), ("terminal", "t1")]
            vectors.append(try await store.vector(keys).vector)
        }
        return vectors
    }

    @Test(
        "after an abrupt stop at any point every acknowledged event counts, once", arguments: 0..<6)
    func abruptStops(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let whole = try await TestStore()
        let directory = TestStore.freshDirectory()
        var broken = try await TestStore(directory: directory)
        defer {
            whole.remove()
            broken.remove()
        }
        for index in 0..<120 {
            let event = event(index, &random)
            let expected = try await whole.score(event)
            let actual = try await broken.score(event)
            #expect(actual == expected, "seed \(seed), event \(index)")
            if Int.random(in: 0..<10, using: &random) == 0 { try await broken.features.flush() }
            guard Int.random(in: 0..<15, using: &random) == 0 else { continue }
            broken.crash()
            broken = try await TestStore(directory: directory)
            #expect(try await broken.score(event).receipt.outcome == .duplicate)
            #expect(try await vectors(broken) == vectors(whole), "seed \(seed), event \(index)")
        }
    }

    @Test("other definitions get their states from the whole log")
    func newDefinitions() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory)
        for index in 0..<20 { _ = try await first.score(Payment.event("e\(index)", cents: 100)) }
        try await first.features.close()
        let text = try Shipped.text().replacing(
            "description: Amount the customer paid.}",
            with: "description: x}\n    amt_max: {from: payment, max: amount, windows: [1h]}")
        let definitions = try DefinitionCompiler.compile([
            try DefinitionParser.parse(text, file: "payments.yaml")
        ])
        let second = try await TestStore(directory: directory, definitions: definitions)
        defer { second.remove() }
        #expect(second.features.statistics.recovered.load(ordering: .relaxed) == 20)
        let vector = try await second.vector([("customer", "p1")]).vector
        #expect(vector.value("cust_amt_sum_24h") == 2_000)
    }

    @Test("a damaged blob is rebuilt from the log, never read as empty")
    func damagedBlob() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(directory: directory)
        for index in 0..<100 { _ = try await first.score(Payment.event("e\(index)", cents: 1)) }
        let before = try await vectors(first)
        try await first.features.close()
        let storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        var batch = WriteBatch()
        for row in try storage.rows("state", limit: 100) {
            var blob = row.value
            blob[blob.count / 2] ^= 4
            batch.put(row.key, blob, in: "state")
        }
        #expect(batch.count == 4)
        try storage.write(batch, sync: true)
        storage.close()
        let second = try await TestStore(directory: directory)
        defer { second.remove() }
        #expect(try await vectors(second) == before)
        let reply = try await second.score(Payment.event("new"))
        #expect(reply.vectors.first?.value("acct_txn_cnt_24h") == 100)
    }

    @Test("a directory of another format is refused")
    func otherFormat() async throws {
        let directory = TestStore.freshDirectory()
        try await TestStore(directory: directory).crash()
        let storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        var batch = WriteBatch()
        batch.put(Array("format".utf8), Array("9".utf8), in: "meta")
        try storage.write(batch, sync: true)
        storage.close()
        await #expect(throws: StorageError.self) { _ = try await TestStore(directory: directory) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    @Test("a small cache drops stored states and loads them again unchanged")
    func smallCache() async throws {
        var configuration = FeatureStoreConfiguration()
        configuration.cacheBytes = 256 * 600
        let small = try await TestStore(configuration: configuration)
        let large = try await TestStore()
        defer {
            small.remove()
            large.remove()
        }
        var random = SeededGenerator(seed: 8)
        for index in 0..<2_000 {
            let card = "card-\(Int.random(in: 0..<700, using: &random))"
            let event = Payment.event("e\(index)", cents: 5, card: card, terminal: card)
            let reply = try await small.score(event)
            #expect(try await large.score(event) == reply)
            if index % 100 == 0 { try await small.features.flush() }
        }
    }
}
