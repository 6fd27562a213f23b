import Foundation
import Testing

/// `make kill-models POINTS=1000 [STORE=redis]` runs it in full.
@Suite("The registry under kill -9", .serialized)
struct KillModelsTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let points = environment["ASSAY_KILL_POINTS"].flatMap { Int($0) } ?? 6
    private static let stores: [ModelsProcess.Store] =
        environment["ASSAY_KILL_STORE"].flatMap { ModelsProcess.Store(rawValue: $0) }.map { [$0] }
        ?? ModelsProcess.Store.allCases

    @Test("what was acknowledged is there, and nothing is half-changed", arguments: stores)
    func kill(_ store: ModelsProcess.Store) async throws {
        let seed = Self.environment["ASSAY_KILL_SEED"].flatMap { UInt64($0) } ?? 1
        var bench = KillBench(store, seed: seed)
        let start = ContinuousClock.now
        try await bench.run(points: Self.points)
        let tally = bench.tally
        print(
            "\(store.rawValue), seed \(seed): \(tally.kills) kills in "
                + "\((ContinuousClock.now - start).components.seconds) s, \(tally.acknowledged) "
                + "changes acknowledged, \(tally.unknown) in flight, \(tally.events) events")
        #expect(tally.kills == Self.points)
    }
}
