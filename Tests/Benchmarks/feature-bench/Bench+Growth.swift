import FeatureCore
import FeatureEngine
import Foundation

/// What an event costs when there are more events per entity, and more entities.
extension Bench {
    /// Seconds after which no further row of the tables is begun.
    private static let patience = 150.0
    /// The most that the costliest row of a table may take of the cheapest.
    private static let flat = 3.0

    func growth() async throws {
        let began = ContinuousClock.now
        print("cost of an event by the events of each card (engine only):")
        try await table(
            [(2_000, 10), (200, 100), (40, 1_000), (8, 10_000), (2, 100_000)].map {
                (cards: $0.0, history: $0.0 * $0.1, name: "\($0.1) events a card")
            }, began)
        print("cost of an event by the cards that there are (engine only):")
        try await table(
            [1_000, 10_000, 100_000, 1_000_000].map {
                (cards: $0, history: 100_000, name: "\($0) cards")
            }, began)
    }

    private func table(
        _ rows: [(cards: Int, history: Int, name: String)], _ began: ContinuousClock.Instant
    ) async throws {
        var costs: [Double] = []
        for row in rows {
            guard began.duration(to: .now) < .seconds(Self.patience) else {
                print("  \(row.name): left out, \(Int(Self.patience)) s are over")
                continue
            }
            let load = try LoadShape(
                definitions, event: load.definition.name, payload: load.payload, cards: row.cards)
            let (store, clock) = try await open(NoStore(), .written)
            try await record(store, clock, load, count: row.history)
            let result = try await score(store, clock, load, count: min(events, 10_000))
            costs.append(result.cost ?? 0)
            print("  \(row.name), \(store.stateCount) states: \(result)")
        }
        if let least = costs.min(), let most = costs.max(), least > 0 {
            Verdict.print(.atMost(Self.flat, "times", "the costliest row is", most / least))
        }
    }
}
