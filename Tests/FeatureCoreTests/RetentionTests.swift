import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Storage
import Testing
import Wire

@Suite struct RetentionTests {
    static let day = 86_400.0

    @Test("a reply is given again for 8 days; later only that the event was recorded")
    func replies() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        let first = try await store.score(Payment.event("e1"))
        store.clock.set(7.9 * Self.day)
        _ = try await store.score(Payment.event("e2", offset: 7.9 * Self.day))
        try store.features.dropOldRows()
        #expect(try await store.score(Payment.event("e1")).vectors == first.vectors)
        store.clock.set(8.1 * Self.day)
        try store.features.dropOldRows()
        let again = try await store.score(Payment.event("e1"))
        #expect(again.receipt.outcome == .duplicate)
        #expect(again.receipt.sequence == first.receipt.sequence)
        #expect(again.vectors.isEmpty)
        let other = try await store.score(Payment.event("e2", offset: 7.9 * Self.day))
        #expect(other.vectors.count == 1)
        try store.storage.compact("served")
        #expect(try store.storage.rows("served", limit: 10).count == 1)
        #expect(try store.storage.rows("log", limit: 10).count == 2)
    }

    @Test("events, ids and trails leave together when the log no longer keeps them")
    func log() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        for index in 0..<50 { _ = try await store.score(Payment.event("e\(index)")) }
        #expect(try await store.trailSteps() == 200)
        store.clock.set(200 * Self.day)
        _ = try await store.score(Payment.event("new", offset: 200 * Self.day))
        #expect(try await store.trailSteps() == 204)
        store.clock.set(401 * Self.day)
        try store.features.dropOldRows()
        for family: Family in ["log", "ids", "trail", "served"] {
            try store.storage.compact(family)
        }
        #expect(try store.storage.rows("log", limit: 100).count == 1)
        #expect(try store.storage.rows("ids", limit: 100).count == 1)
        #expect(try await store.trailSteps() == 4)
        #expect(try store.storage.rows("served", limit: 100).isEmpty)
    }

    /// Three stores see the same events, with long pauses in between: one keeps all states in
    /// memory, one starts anew before every event, one also drops what has had its time.
    @Test("neither a cold cache nor a blob that is gone changes a value", arguments: 0..<3)
    func expiry(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let warm = try await TestStore()
        let (cold, bare) = (TestStore.freshDirectory(), TestStore.freshDirectory())
        defer { warm.remove() }
        var now = 0.0
        for index in 0..<60 {
            now += [0, 60, 3_600, 86_400, 200 * 86_400, 402.5 * 86_400, 500 * 86_400]
                .randomElement(using: &random)!
            let event = Payment.event(
                "e\(index)", cents: Int64.random(in: 1...9_999, using: &random),
                card: ["c1", "c2"].randomElement(using: &random),
                offset: now - Double.random(in: 0...399 * 86_400, using: &random))
            warm.clock.set(now)
            let expected = try await warm.score(event)
            for directory in [cold, bare] {
                let store = try await TestStore(directory: directory, now: Payment.time(now))
                if directory == bare {
                    try store.features.dropOldRows()
                    try store.storage.compact("state")
                }
                #expect(try await store.score(event) == expected, "seed \(seed), event \(index)")
                try await store.features.close()
            }
        }
        #expect(try await TestStore(directory: bare).storage.rows("state", limit: 100).count <= 5)
    }
}
