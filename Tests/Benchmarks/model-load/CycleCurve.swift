import Foundation
import TestSupport

/// Loads versions that were let go, over and over: whether the service's memory comes back.
struct CycleCurve {
    let administrator: Administrator
    let forest: SeededForest
    let server: Int32

    /// More than are kept, so that each use of the next one loads it and lets another one go.
    private static let versions = 72
    /// Cycles after which the memory is taken as the start.
    private static let warm = 100

    /// - Returns: whether the memory ended within a tenth of what it was after the first cycles.
    func run(cycles: Int) async throws -> Bool {
        var numbers: [UInt32] = []
        for number in 0..<Self.versions {
            let other = SeededForest(
                trees: forest.trees, depth: forest.depth, inputs: forest.inputs,
                seed: forest.seed &+ UInt64(number) &+ 1)
            numbers.append(try await administrator.register(other))
        }
        let row = forest.rows(1)[0]
        let start = ContinuousClock.now
        var first = 0
        for cycle in 1...cycles {
            try await administrator.score(row, version: numbers[cycle % numbers.count])
            if cycle == Self.warm { first = ProcessUsage.residentKilobytes(server) }
            guard cycle == Self.warm || cycle % max(1, cycles / 20) == 0 else { continue }
            let now = ProcessUsage.residentKilobytes(server)
            print(
                String(
                    format: "after %ld cycles: %.1f MiB (%.3f of the start), %.1f ms a cycle",
                    cycle, Double(now) / 1_024, Double(now) / Double(max(1, first)),
                    start.duration(to: .now) / .milliseconds(1) / Double(cycle)))
        }
        let ratio =
            Double(ProcessUsage.residentKilobytes(server)) / Double(max(1, first))
        print(
            String(format: "memory at the end over memory after %ld cycles: %.3f", Self.warm, ratio)
        )
        return ratio <= 1.1
    }
}
