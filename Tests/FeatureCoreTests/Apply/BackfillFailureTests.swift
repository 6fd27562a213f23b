import AssayMessages
import Dispatch
import FeatureEngine
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// Backfills that stop, that wait, and that find something amiss.
@Suite struct BackfillFailureTests {
    private static func amount(_ cents: Int64, _ row: inout AssayFeaturesV1.LogRow) {
        row.event.fields = WireMap(
            row.event.fields.map { entry in
                guard entry.key == "amount",
                    let money = Money(currency: "EUR", coefficient: cents, scale: 2)
                else { return (entry.key, entry.value) }
                return (entry.key, .amount(money))
            })
    }

    @Test("events that wait for states are bounded by their size too")
    func tail() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        let scoring = try await store.service.scoring(Payment.event("e1"), tenant: "bank")
        let tail = EventTail(maximumCount: 1_000, maximumBytes: 1 << 20)
        for sequence in 1...7 {
            tail.append(scoring, sequence: UInt64(sequence), bytes: 64 << 10)
        }
        #expect(!tail.isOverflown)
        #expect(tail.take(through: 4).count == 4)
        for sequence in 8...11 {
            tail.append(scoring, sequence: UInt64(sequence), bytes: 64 << 10)
        }
        #expect(!tail.isOverflown)
        tail.append(scoring, sequence: 12, bytes: 64 << 10)
        #expect(tail.isOverflown && tail.take(through: .max).isEmpty)
    }
}
