import AssayMessages
import FeatureCore
import Foundation
import Testing

/// Runs the measurement with a few events; `ASSAY_MEASURE_EVENTS=200000` in a release build gives
/// the figures of the README.
@Suite struct ThroughputTests {
    @Test("events are scored from many callers at once, and the figures are printed")
    func throughput() async throws {
        let variable = ProcessInfo.processInfo.environment["ASSAY_MEASURE_EVENTS"]
        let total = variable.flatMap(Int.init) ?? 400
        for callers in variable == nil ? [8] : [1, 8, 64, 256] {
            let store = try await TestStore()
            let count = callers == 1 ? min(total, 5_000) : total
            let result = try await measure(store, events: count, callers: callers)
            #expect(store.features.statistics.outcomes[0].count == count)
            if variable != nil { print(result) }
            store.remove()
        }
    }

    private func measure(
        _ store: TestStore, events: Int, callers: Int
    ) async throws -> String {
        let each = events / callers
        let before = cpuSeconds()
        let clock = ContinuousClock()
        let start = clock.now
        let background = Task { try await store.features.run() }
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { tasks in
            for caller in 0..<callers {
                tasks.addTask {
                    var random = SeededGenerator(seed: UInt64(caller))
                    var latencies: [Duration] = []
                    for index in 0..<each + (caller < events % callers ? 1 : 0) {
                        let number = Int.random(in: 0..<20_000, using: &random)
                        let event = Payment.event(
                            "e-\(caller)-\(index)", cents: Int64(number), card: "c\(number)",
                            customer: "p\(number / 2)", account: "a\(number / 2)",
                            terminal: "t\(number % 2_000)",
                            offset: Double(index) / Double(each) * 7_200 - 7_200)
                        let sent = clock.now
                        _ = try await store.score(event)
                        latencies.append(clock.now - sent)
                    }
                    return latencies
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        let elapsed = clock.now - start
        background.cancel()
        let cpu = cpuSeconds() - before
        let sorted = latencies.sorted()
        func milliseconds(_ share: Double) -> String {
            let at = sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
            return String(format: "%.2f ms", at / .milliseconds(1))
        }
        return
            "\(callers) callers: \(Int(Double(events) / (elapsed / .seconds(1)))) events/s, "
            + "p50 \(milliseconds(0.5)), p99 \(milliseconds(0.99)), "
            + String(format: "%.1f µs CPU per event", cpu / Double(events) * 1e6)
    }

    /// User and system time of all threads of the process.
    private func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
