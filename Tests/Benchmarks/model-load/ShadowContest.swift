import Foundation
import TestSupport

/// A shadow that is shown every call of an open load, in windows between others without one: what it
/// does to the latencies.
///
/// It is starved: with a ten-thousandth of the scoring time it rests for ever, as a stuck model would,
/// so that its queue is full and every call takes the room of the oldest.
struct ShadowContest {
    let load: PredictLoad
    let administrator: Administrator
    let forest: SeededForest
    /// Rows a second.
    let rate: Double
    let duration: Duration

    /// - Returns: whether no call failed, and the p99 grew by no more than a twentieth.
    func run(windows: Int) async throws -> Bool {
        let version = try await administrator.register(forest)
        var (without, with) = (LoadWindow(), LoadWindow())
        var ratios: [Double] = []
        for number in 1...windows {
            let quiet = try await load.open(rate: rate, for: duration)
            try await administrator.shadow(
                version, revision: number, basisPointsOfTime: 1, queue: 256)
            let shown = try await load.open(rate: rate, for: duration)
            let activity = try await administrator.stopShadow()
            print("window \(number), no shadow: \(quiet.text)")
            print("window \(number), shadow:    \(shown.text); \(activity)")
            ratios.append(shown.microseconds(0.99) / max(quiet.microseconds(0.99), 1e-9))
            without.merge(quiet)
            with.merge(shown)
        }
        ratios.sort()
        let ratio = with.microseconds(0.99) / max(without.microseconds(0.99), 1e-9)
        print("all windows, no shadow: \(without.text)")
        print("all windows, shadow:    \(with.text)")
        print(
            String(
                format:
                    "p99 with the shadow over p99 without: %.3f (windows: median %.3f, %.3f to %.3f)",
                ratio, ratios[ratios.count / 2], ratios[0], ratios[ratios.count - 1]))
        return with.failureCount == 0 && ratio <= 1.05
    }
}
