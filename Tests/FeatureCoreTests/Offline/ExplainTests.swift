import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Testing
import Wire

@testable import FeatureCore

/// Acceptance test 20: Explain lists exactly the contributing events, and the value that was served.
@Suite struct ExplainTests {
    static func explain(
        _ store: TestStore, _ feature: String, _ keys: [(String, String)], sequence: UInt64 = 0,
        maximumHistory: Int = Explanation.maximumHistory
    ) throws -> AssayFeaturesV1.ExplainResponse {
        try Explanation.explain(
            AssayFeaturesV1.ExplainRequest(
                feature: feature, keys: WireMap(keys), sequence: sequence),
            for: Purpose.allCases, log: store.features.log, tenant: "bank",
            now: TestStore.now.millisecondsSinceEpoch,
            maximumHistory: maximumHistory)
    }

    @Test("an entity with more events than are held in memory is refused, an earlier read is not")
    func bounded() async throws {
        let store = try await TestStore(definitions: TrainingSetTests.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: 1)
        for number in 0..<12 {
            var event = TrainingSetTests.payment(number, at: -Double(100 - number), random: &random)
            event.fields["card_id"] = .text("c1")
            _ = try await store.score(event, vectors: [])
        }
        let whole = try Self.explain(
            store, "card_cnt_1h", [("card", "c1")], maximumHistory: 12)
        #expect(whole.value == 12)
        let error = #expect(throws: RPCError.self) {
            try Self.explain(store, "card_cnt_1h", [("card", "c1")], maximumHistory: 11)
        }
        #expect(error?.code == .failedPrecondition && error?.reason == "HISTORY_TOO_LONG")
        let earlier = try Self.explain(
            store, "card_cnt_1h", [("card", "c1")], sequence: 12, maximumHistory: 11)
        #expect(earlier.value == 11)
    }

    @Test("the value is the one served, and the events are those that it counts", arguments: 0..<4)
    func served(_ seed: UInt64) async throws {
        let store = try await TestStore(definitions: TrainingSetTests.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: seed)
        var sent: [(event: AssayFeaturesV1.Event, sequence: UInt64)] = []
        let windows: [(name: String, window: Int64, hop: Int64)] = [
            ("1h", 3_600_000, 60_000), ("24h", 86_400_000, 900_000),
            ("7d", 604_800_000, 10_800_000),
        ]
        for number in 0..<80 {
            let event = TrainingSetTests.payment(
                number, at: -Double(Int.random(in: 0..<600_000, using: &random)), random: &random)
            let reply = try await store.score(event, vectors: [TrainingSetTests.vector])
            let sequence = reply.receipt.sequence
            guard case .text(let card)? = event.fields["card_id"] else { continue }
            let own = sent.filter { $0.event.fields["card_id"] == .text(card) }
            let now =
                (own + [(event, sequence)]).map(\.event.time.millisecondsSinceEpoch).max() ?? 0
            for (index, window) in windows.enumerated() {
                let explained = try Self.explain(
                    store, "card_cnt_\(window.name)", [("card", card)], sequence: sequence)
                #expect(explained.value == reply.vectors[0].values[1 + index])
                #expect(explained.status == UInt32(reply.vectors[0].status[1 + index]))
                let expected = own.filter {
                    $0.event.time.millisecondsSinceEpoch / window.hop
                        >= (now - window.window) / window.hop
                }
                #expect(explained.eventIds == expected.map(\.event.id), "seed \(seed)")
                #expect(explained.tiles.reduce(0) { $0 + $1.events } == UInt64(expected.count))
                #expect(explained.events == UInt64(Int(explained.value)))
            }
            sent.append((event, sequence))
        }
    }

    @Test("what cannot be explained is refused, with the nearest name")
    func refused() async throws {
        let store = try await TestStore(definitions: TrainingSetTests.definitions())
        defer { store.remove() }
        #expect {
            _ = try Self.explain(store, "card_cnt_24", [("card", "c1")])
        } throws: { "\($0)".contains("card_cnt_24h") }
        #expect {
            _ = try Self.explain(store, "card_cnt_24h", [("terminal", "c1")])
        } throws: { "\($0)".contains("name the card") }
        #expect {
            _ = try Self.explain(store, "card_cnt_24h", [("card", "c1")], sequence: 99)
        } throws: { "\($0)".contains("no event 99") }
        let nothing = try Self.explain(store, "card_cnt_24h", [("card", "nobody")])
        #expect(nothing.value == 0 && nothing.events == 0 && nothing.version == 0)
    }
}
