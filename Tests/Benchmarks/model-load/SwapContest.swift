import AssayMessages
import Foundation
import TestSupport

/// Aliases that move under an open load, in short windows each beside one in which nothing moves: what
/// it does to the latencies.
///
/// A shared machine is slow for seconds at a time. So the windows are short and either of two may come
/// first, and beside the p99 of all calls stands what the pairs say for themselves: if the two differ
/// much, the machine was not quiet.
struct SwapContest {
    let load: PredictLoad
    let administrator: Administrator
    let forest: SeededForest
    /// Rows a second.
    let rate: Double
    /// Moves a second, at an even pace.
    let pace: Double
    /// A new version is registered before each so manieth move; 0: none is.
    let perVersion: Int

    /// Moves of one window.
    private static let perWindow = 20

    /// - Returns: whether no call failed, and the p99 grew by no more than a tenth.
    func run(swaps: Int) async throws -> Bool {
        let pairs = max(1, (swaps + Self.perWindow - 1) / Self.perWindow)
        let each = max(1, swaps / pairs)
        let duration = Duration.seconds(Double(each) / pace)
        var versions = [
            await administrator.served, try await administrator.register(forest(0)),
        ]
        var (quiet, moving) = (LoadWindow(), LoadWindow())
        var ratios: [Double] = []
        for number in 1...pairs {
            let made = try (0..<newVersions(each)).map { try prepared(number * each + $0) }
            var still = LoadWindow()
            let isStillFirst = number.isMultiple(of: 2)
            if isStillFirst { still = try await load.open(rate: rate, for: duration) }
            let present = versions
            async let moved = move(each, among: present, made)
            let window = try await load.open(rate: rate, for: duration)
            versions = try await moved
            if !isStillFirst { still = try await load.open(rate: rate, for: duration) }
            ratios.append(window.microseconds(0.99) / max(still.microseconds(0.99), 1e-9))
            print(
                String(
                    format: "pair %ld: p99 %.0f us while nothing moves, %.0f us beside %ld moves",
                    number, still.microseconds(0.99), window.microseconds(0.99), each))
            quiet.merge(still)
            moving.merge(window)
        }
        ratios.sort()
        print("all windows, nothing moves: \(quiet.text)")
        print("all windows, \(each * pairs) moves: \(moving.text)")
        let ratio = moving.microseconds(0.99) / max(quiet.microseconds(0.99), 1e-9)
        print(
            String(
                format: "p99 with moves over p99 without: %.3f "
                    + "(pairs: median %.3f, quartiles %.3f and %.3f)",
                ratio, ratios[pairs / 2], ratios[pairs / 4], ratios[pairs * 3 / 4]))
        return moving.failureCount == 0 && ratio <= 1.1
    }

    private struct Prepared: Sendable {
        var artifact: [UInt8]
        var manifest: AssayModelsV1.Manifest
    }

    private func newVersions(_ moves: Int) -> Int { perVersion > 0 ? moves / perVersion : 0 }

    private func forest(_ number: Int) -> SeededForest {
        SeededForest(
            trees: forest.trees, depth: forest.depth, inputs: forest.inputs,
            seed: forest.seed &+ 1 &+ UInt64(number))
    }

    /// Made between the windows: that costs more than thousands of rows.
    private func prepared(_ number: Int) throws -> Prepared {
        let artifact = forest(number).artifact
        return Prepared(artifact: artifact, manifest: try forest(number).manifest(artifact))
    }

    /// Moves the alias to and fro between the two newest versions, at an even pace.
    ///
    /// - Returns: the two newest versions afterwards.
    private func move(
        _ count: Int, among present: [UInt32], _ made: [Prepared]
    ) async throws -> [UInt32] {
        var versions = present
        let start = ContinuousClock.now
        for index in 0..<count {
            let due = start + .seconds(Double(index) / pace)
            try await ContinuousClock().sleep(until: due)
            if index % max(1, perVersion) == 0, index / max(1, perVersion) < made.count {
                let new = made[index / perVersion]
                versions = [
                    versions[1], try await administrator.register(new.artifact, new.manifest),
                ]
            }
            let served = await administrator.served
            try await administrator.move(to: versions.first { $0 != served } ?? versions[0])
        }
        return versions
    }
}
