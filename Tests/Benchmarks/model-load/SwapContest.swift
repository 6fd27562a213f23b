import AssayMessages
import Foundation
import TestSupport

/// Aliases that move under an open load, in windows between others in which nothing moves: what it
/// does to the latencies.
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
    private static let perWindow = 100

    /// - Returns: whether no call failed, and the p99 grew by no more than a tenth.
    func run(swaps: Int) async throws -> Bool {
        let windows = max(1, (swaps + Self.perWindow - 1) / Self.perWindow)
        let each = max(1, swaps / windows)
        let duration = Duration.seconds(Double(each) / pace)
        var versions = [
            await administrator.served, try await administrator.register(forest(0)),
        ]
        var (quiet, moving) = (LoadWindow(), LoadWindow())
        var (quietP99, movingP99): ([Double], [Double]) = ([], [])
        for number in 1...windows {
            let still = try await load.open(rate: rate, for: duration)
            let present = versions
            let made = try (0..<newVersions(each)).map { try prepared(number * each + $0) }
            async let moved = move(each, among: present, made)
            let window = try await load.open(rate: rate, for: duration)
            versions = try await moved
            quietP99.append(still.microseconds(0.99))
            movingP99.append(window.microseconds(0.99))
            print("window \(number), nothing moves: \(still.text)")
            print("window \(number), \(each) moves:     \(window.text)")
            quiet.merge(still)
            moving.merge(window)
        }
        let ratio = Self.median(movingP99) / max(Self.median(quietP99), 1e-9)
        print("all windows, nothing moves: \(quiet.text)")
        print("all windows, \(each * windows) moves: \(moving.text)")
        print(
            String(
                format: "p99, median of the windows: %.0f us with moves, %.0f us without: %.3f",
                Self.median(movingP99), Self.median(quietP99), ratio))
        return moving.failureCount == 0 && ratio <= 1.1
    }

    /// A pause of the machine spoils a window, not the comparison.
    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
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
