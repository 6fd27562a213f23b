import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Redis
import Storage
import TestSupport
import Testing
import Wire

/// The embedded and the shared store say the same, bit for bit.
@Suite("Two stores", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(5)))
struct EqualityTests {
    /// Random logs: duplicates, ties, late and future events, two servers in turn.
    @Test("give the same values, statuses and outcomes for the same events", arguments: 0..<8)
    func equal(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let bench = try await SharedBench.start()
        let directory = try TemporaryDirectory()
        let storage = try RocksDBStore(
            directory: directory.path + "/embedded", families: EmbeddedFeatureStore.families)
        let embedded = FeatureService(
            try await EmbeddedFeatureStore.open(
                storage, definitions: Bank.definitions(), clock: { SharedBench.now }))
        let servers = [try await bench.server(), try await bench.server()]
        var sent: [AssayFeaturesV1.Event] = []
        for index in 0..<150 {
            var event = Bank.payment(
                "e\(index)", cents: Int64.random(in: 0...1_000_000, using: &random),
                card: "c\(Int.random(in: 0..<4, using: &random))",
                customer: "p\(Int.random(in: 0..<3, using: &random))",
                offset: offset(&random))
            if !sent.isEmpty, Int.random(in: 0..<8, using: &random) == 0 {
                event = sent.randomElement(using: &random) ?? event
            }
            sent.append(event)
            let expected = try await embedded.scoreEvent(
                AssayFeaturesV1.ScoreEventRequest(event: event, vectors: [Bank.vector]),
                context: SharedServer.context)
            let server = servers[Int.random(in: 0..<2, using: &random)]
            let actual = try await server.scorePatiently(event)
            let comment = Comment(rawValue: "seed \(seed), event \(index)")
            #expect(actual.outcome == expected.outcome, comment)
            #expect(actual.vectors == expected.vectors, comment)
            #expect(actual.receipt.problems == expected.receipt.problems, comment)
            await server.store.flush()
        }
        storage.close()
        for server in servers { await server.close() }
        await bench.close()
    }

    /// Seconds from now: mostly within two days, some the same, some too late, some of the future.
    private func offset(_ random: inout SeededGenerator) -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: 3_600
        case 1: -401 * 86_400
        case 2: 5
        case 3..<8: -600
        default: -Int64.random(in: 0..<180_000, using: &random)
        }
    }
}
