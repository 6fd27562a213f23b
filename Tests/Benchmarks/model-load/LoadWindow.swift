import Foundation
import TestSupport

/// What happened to the calls of a stretch of time.
struct LoadWindow: Sendable {
    var latencies = LatencyHistogram()
    /// Calls that failed, by reason.
    var failures: [String: Int] = [:]
    var elapsed = Duration.zero
    /// Processor time of the service and of this program, in seconds.
    var serverSeconds = 0.0
    var clientSeconds = 0.0

    var failureCount: Int { failures.values.reduce(0, +) }
    var rate: Double { Double(latencies.count) / max(elapsed / .seconds(1), 1e-9) }

    mutating func note(_ error: any Error) { failures["\(error)", default: 0] += 1 }

    mutating func merge(_ other: LoadWindow) {
        latencies.merge(other.latencies)
        failures.merge(other.failures, uniquingKeysWith: +)
        elapsed += other.elapsed
        serverSeconds += other.serverSeconds
        clientSeconds += other.clientSeconds
    }

    func microseconds(_ share: Double) -> Double { Double(latencies.nanoseconds(share)) / 1_000 }

    var text: String {
        let calls = Double(max(1, latencies.count))
        var text = String(
            format: "%.0f predictions/s; p50 %.0f, p99 %.0f, p99.9 %.0f us; "
                + "CPU a call: server %.1f us, client %.1f us; %ld failed",
            rate, microseconds(0.5), microseconds(0.99), microseconds(0.999),
            serverSeconds / calls * 1e6, clientSeconds / calls * 1e6, failureCount)
        for (reason, count) in failures.sorted(by: { $0.value > $1.value }).prefix(3) {
            text += "\n    \(count) x \(reason)"
        }
        return text
    }
}

/// Processor time from its making on.
struct ProcessorMeter {
    private let server: Int32
    private let start: (server: Double, client: Double, time: ContinuousClock.Instant)

    init(_ server: Int32) {
        self.server = server
        start = (ProcessUsage.seconds(server), ProcessUsage.seconds(getpid()), .now)
    }

    func read(into window: inout LoadWindow) {
        window.elapsed = start.time.duration(to: .now)
        window.serverSeconds = ProcessUsage.seconds(server) - start.server
        window.clientSeconds = ProcessUsage.seconds(getpid()) - start.client
    }
}
