import Foundation
import GatewayCore
import RPC
import RPCTransport
import TestSupport
import Testing

/// One key on many connections of several gateway processes, and one Redis, against what the rate
/// states. `ASSAY_LIMIT_ROUNDS` runs one to six replicas, each for a while.
@Suite(
    "Limits of several gateway processes", .enabled(if: RedisServer.executable != nil),
    .serialized, .timeLimit(.minutes(10)))
struct ReplicaBoundTests {
    private static let isLong = ProcessInfo.processInfo.environment["ASSAY_LIMIT_ROUNDS"] != nil
    private static let callers = 30
    /// Of ours to one gateway, each of at most two connections: it takes fifty from an address.
    private static let clients = 20
    /// Tokens of a lease are used up to so many nanoseconds after they were taken.
    private static let leaseLife: Int64 = 100_000_000

    private struct Outcome: Sendable {
        var status: String
        var start: Int64
        var end: Int64
    }

    private static var now: Int64 { Int64(clamping: ProcessClock.now.nanoseconds) }

    /// Calls one after the other until `end`, and hardly pauses when it is refused.
    private static func call(
        _ client: RPCClient, until end: Int64, seed: Int
    ) async -> [Outcome] {
        var outcomes: [Outcome] = []
        while now < end {
            let start = now
            let status = await SteadyCallers.call(client, key: GatewayFiles.key(1))
            outcomes.append(Outcome(status: status, start: start, end: now))
            if status != "0" {
                // By turns short and long, so that callers do not march in step.
                let pause = (seed * 1_237 + outcomes.count * 3_571) % 8_000
                try? await Task.sleep(for: .microseconds(pause))
            }
        }
        return outcomes
    }

    private func run(_ count: Int, limit: Int, burst: Int, seconds: Double) async throws {
        let redis = try await RedisServer.start()
        let service = try await StandInServer()
        var files = GatewayFiles(upstreamPort: service.port, limit: limit)
        files.burst = burst
        files.further = """
            store: { url: "redis://127.0.0.1:\(redis.port)", budget: 10ms }
            replicas: \(count)
            """
        let all = files.all([GatewayFiles.entry(1)])
        var gateways: [GatewayUnderTest] = []
        for _ in 0..<count { gateways.append(try await GatewayUnderTest(all)) }
        for gateway in gateways {
            try await gateway.wait(for: "assay_gateway_replicas") { $0 == Double(count) }
        }
        let clients = try (0..<min(Self.callers, Self.clients * count)).map {
            try gateways[$0 % count].client()
        }
        let end = Self.now + Int64(seconds * 1e9)
        let outcomes = await withTaskGroup(of: [Outcome].self) { tasks in
            for number in 0..<Self.callers {
                let client = clients[number % clients.count]
                tasks.addTask { await Self.call(client, until: end, seed: number) }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
        for client in clients { await client.close() }

        let strange = Set(outcomes.map(\.status)).subtracting(["0", "8 RATE_LIMITED"])
        #expect(strange.isEmpty, "\(strange)")
        // What a replica let in by its share, because the store was late, comes on top.
        var shared = 0
        for gateway in gateways {
            shared += Int(
                try await gateway.metric(
                    "assay_gateway_limit_total{rule=\"client\",result=\"admitted\",source=\"share\"}"
                ))
        }
        let charges = outcomes.filter { $0.status == "0" }.map {
            WindowBound.Charge(earliest: $0.start, latest: $0.end)
        }
        let violation = WindowBound(limit: limit, per: .seconds(1), burst: burst)
            .violation(of: charges, ahead: Self.leaseLife, extra: shared)
        #expect(violation == nil, "\(count) replicas, \(limit)/s, burst \(burst)")
        #expect(charges.count >= burst)
        // How much load it makes, and how often the store is late for it, is the machine's doing.
        print(
            "limits: \(count) processes, \(Self.callers) callers, \(limit)/s, burst \(burst): "
                + "\(charges.count) of \(outcomes.count), \(shared) by shares")
        for gateway in gateways { await gateway.stop() }
        await service.stop()
        await redis.kill()
    }

    @Test("3 replicas, 30 connections: admitted ≤ bound")
    func three() async throws {
        try await run(3, limit: 120, burst: 40, seconds: 1)
    }

    @Test(
        "one to six replicas, slow and fast rates: admitted ≤ bound", .enabled(if: isLong),
        arguments: 1...6)
    func many(_ count: Int) async throws {
        for (limit, burst) in [(40, 40), (250, 60), (600, 150)] {
            try await run(count, limit: limit, burst: burst, seconds: 3)
        }
    }
}
