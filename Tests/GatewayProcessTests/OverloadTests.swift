import Foundation
import GatewayCore
import RPC
import RPCTransport
import Synchronization
import TestSupport
import Testing

/// `make gateway-overload SECONDS=60` runs it in full, with the latencies that must hold.
@Suite("More calls than the gateway takes", .serialized, .timeLimit(.minutes(10)))
struct GatewayOverloadTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isStrict = environment["ASSAY_STRICT_TIMES"] != nil
    private static let seconds = environment["ASSAY_OVERLOAD_SECONDS"].flatMap { Int($0) } ?? 3

    /// What the process is made for, and how long each call takes: so many a second are all it can do.
    private static let capacity = 40
    private static let patience = Duration.milliseconds(isStrict ? 50 : 200)
    /// Of the capacity, 0.7 and 0.2 belong to sheddable and to critical calls.
    private static let possible = 0.7 * Double(capacity) / (patience / .seconds(1))

    /// Calls at a rate, whatever becomes of them.
    private final class Pace: Sendable {
        struct Seen: Sendable {
            var statuses: [String: Int] = [:]
            var times: [Duration] = []

            var calls: Int { statuses.values.reduce(0, +) }
            var p99: Duration {
                let sorted = times.sorted()
                return sorted.isEmpty
                    ? .zero : sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
            }
        }

        private let seen = Mutex(Seen())

        func run(
            _ client: RPCClient, key: APIKey, perSecond rate: Double, for length: Duration
        ) async -> Seen {
            let start = ContinuousClock.now
            await withTaskGroup(of: Void.self) { group in
                var sent = 0
                while ContinuousClock.now - start < length {
                    let due = Int(rate * ((ContinuousClock.now - start) / .seconds(1)))
                    while sent < due {
                        sent += 1
                        group.addTask { await self.call(client, key) }
                    }
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            return seen.withLock { $0 }
        }

        private func call(_ client: RPCClient, _ key: APIKey) async {
            let began = ContinuousClock.now
            let status = await SteadyCallers.call(client, key: key)
            let took = ContinuousClock.now - began
            seen.withLock {
                $0.statuses[status, default: 0] += 1
                $0.times.append(took)
            }
        }
    }

    @Test("G13: ten times too much of what is sheddable does not hurt what is critical")
    func overload() async throws {
        let service = try await StandInServer(patience: Self.patience)
        let files = GatewayFiles(
            upstreamPort: service.port, concurrency: 10_000, capacity: Self.capacity,
            further: """
                clients:
                  bank/client-1: { criticality: sheddable }
                  bank/client-2: { criticality: critical }
                """)
        let gateway = try await GatewayUnderTest(
            files.all([GatewayFiles.entry(1), GatewayFiles.entry(2)]))
        let (many, few) = (try gateway.client(), try gateway.client())
        let length = Duration.seconds(Self.seconds)
        // A fifth of the capacity is kept for critical calls; they use half of that.
        let rate = 0.1 * Double(Self.capacity) / (Self.patience / .seconds(1))
        let alone = await Pace().run(
            few, key: GatewayFiles.key(2), perSecond: rate, for: length)
        async let crowd = Pace().run(
            many, key: GatewayFiles.key(1), perSecond: 10 * Self.possible, for: length)
        let critical = await Pace().run(
            few, key: GatewayFiles.key(2), perSecond: rate, for: length)
        let sheddable = await crowd

        let answered = critical.statuses["0", default: 0]
        #expect(answered * 1000 >= critical.calls * 999, "\(critical.statuses)")
        #expect(critical.calls > 0 && alone.statuses["0"] == alone.calls, "\(alone.statuses)")
        // The crowd gets its part, and the rest is told so.
        let refused = sheddable.statuses["8 OVERLOADED", default: 0]
        #expect(sheddable.statuses["0", default: 0] > 0, "\(sheddable.statuses)")
        #expect(refused * 2 > sheddable.calls, "\(sheddable.statuses)")
        #expect(
            refused + sheddable.statuses["0", default: 0] == sheddable.calls,
            "\(sheddable.statuses)")
        let shed = try await gateway.metric("assay_gateway_shed_total{criticality=\"sheddable\"}")
        #expect(Int(shed) == refused)
        if Self.isStrict { #expect(critical.p99 < alone.p99 * 2) }
        print(
            "critical: \(answered) of \(critical.calls), p99 \(critical.p99), alone \(alone.p99); "
                + "sheddable: \(sheddable.calls - refused) of \(sheddable.calls)")
        for client in [many, few] { await client.close() }
        await gateway.stop()
        await service.stop()
    }
}
