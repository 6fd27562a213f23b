import Foundation
import TestSupport

/// What a service did in each second of a load: whether its work is as even as the load is.
struct LoadTrace: Sendable {
    private struct Sample {
        let time: Duration
        let processor: Double
        let waiting: Double
        let written: Int
    }

    private var samples: [Sample] = []

    /// Looks ten times a second, until the task is cancelled.
    init(ofProcess process: Int32, from start: ContinuousClock.Instant) async {
        while !Task.isCancelled {
            samples.append(
                Sample(
                    time: start.duration(to: .now), processor: ProcessUsage.seconds(process),
                    waiting: ProcessUsage.waitingSeconds(process),
                    written: ProcessUsage.writtenBytes(process)))
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Parameter calls: when each was due, and its latency; nil if it failed.
    func lines(_ calls: [RemoteCaller.Call]) -> [String] {
        let bySecond = Dictionary(grouping: calls) { Int($0.due / .seconds(1)) }
        return bySecond.keys.sorted().map { second in
            let calls = bySecond[second] ?? []
            let longest = calls.compactMap(\.latency).max() ?? .zero
            let slow = calls.count { $0.latency.map { $0 > .milliseconds(1) } ?? true }
            return "second \(second): longest \(Result.milliseconds(longest)) ms,"
                + " \(calls.count { $0.latency == nil }) failed, \(slow) over 1 ms; "
                + work(second)
        }
    }

    /// Processor by tenths of the second, in percent of a core, and what was written.
    private func work(_ second: Int) -> String {
        let within = samples.filter { Int($0.time / .seconds(1)) == second }
        guard let first = within.first, let last = within.last else { return "" }
        let shares = zip(within, within.dropFirst()).map { earlier, later in
            Int(
                (later.processor - earlier.processor) / ((later.time - earlier.time) / .seconds(1))
                    * 100)
        }
        let waited = Int((last.waiting - first.waiting) * 1e3)
        let rate = Double(last.written - first.written) / ((last.time - first.time) / .seconds(1))
        return "CPU \(shares.map(String.init).joined(separator: " ")) %,"
            + " \(waited) ms of waiting for a core,"
            + String(format: " %.1f MB/s written", rate / 1e6)
    }
}
