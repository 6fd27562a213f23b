import Foundation
import GatewayCore
import NIOCore
import NIOPosix
import RPC
import RPCTransport
import TestSupport
import Testing

/// G1 to G3 of the gateway's failure tests through a gateway as it is run: callers go on while the Redis
/// of their limits does not. `ASSAY_LIMIT_ROUNDS` stops it, too.
@Suite(
    "A gateway whose store fails under load", .enabled(if: RedisServer.executable != nil),
    .serialized, .timeLimit(.minutes(5)))
struct StoreOutageTests {
    private static let isLong = ProcessInfo.processInfo.environment["ASSAY_LIMIT_ROUNDS"] != nil
    private static let replicas = "assay_gateway_replicas"
    private static let state = "assay_gateway_store_state"
    private static let byStore =
        "assay_gateway_limit_total{rule=\"client\",result=\"admitted\",source=\"store\"}"

    /// Key 1 has a rate that nobody reaches, keys from 10 on have 20 calls in ten minutes.
    private func files(upstream: Int, store: Int) -> [String: String] {
        var files = GatewayFiles(upstreamPort: upstream)
        files.further = """
            store: { url: "redis://127.0.0.1:\(store)" }
            replicas: 1
            """
        let small = (10..<20).map { number in
            var entry = GatewayFiles.entry(UInt8(number))
            entry.plan = "small"
            return entry
        }
        var all = files.all([GatewayFiles.entry(1)] + small)
        all["gateway.yaml"] = files.configuration.replacing(
            "  plans:\n",
            with: "  plans:\n    small: { client: { limit: 20, period: 600s, burst: 20 } }\n")
        return all
    }

    /// Until `count` further calls were made.
    private func more(_ callers: SteadyCallers, _ count: Int = 200) async throws {
        let goal = callers.calls + count
        let end = ContinuousClock.now + .seconds(30)
        while callers.calls < goal, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(callers.calls >= goal, "the callers do not get on")
    }

    /// How many of 30 calls of a fresh key pass.
    private func passed(_ client: RPCClient, key number: UInt8) async -> Int {
        var passed = 0
        for _ in 0..<30 {
            let status = await SteadyCallers.call(client, key: GatewayFiles.key(number))
            passed += status == "0" ? 1 : 0
            if status != "0" { #expect(status == "8 RATE_LIMITED") }
        }
        return passed
    }

    private func used(_ gateway: GatewayUnderTest, _ what: String) async throws {
        let before = try await gateway.metric(Self.byStore)
        let start = ContinuousClock.now
        try await gateway.wait(for: Self.byStore) { $0 > before }
        print("limits: \(what): the store is used again after \(ContinuousClock.now - start)")
    }

    @Test(
        "G1, G2, G3: Redis killed, stopped and slow under load: no call fails, the share holds"
    )
    func outages() async throws {
        let redis = try await RedisServer.start()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let proxy = try await FaultyProxy.start(to: redis.port, group: group)
        let service = try await StandInServer()
        let files = files(upstream: service.port, store: proxy.port)
        let gateway = try await GatewayUnderTest(files)
        let other = try await GatewayUnderTest(files)
        let client = try gateway.client()
        let callers = SteadyCallers(client, key: GatewayFiles.key(1))
        try await more(callers)
        try await used(gateway, "at first")
        let together = await passed(client, key: 10)
        #expect(together >= 20, "\(together)")

        try await gateway.wait(for: Self.replicas) { $0 == 2 }
        proxy.set(.slow(.milliseconds(50)))
        try await gateway.wait(for: Self.state) { $0 != 0 }
        try await more(callers)
        #expect(await passed(client, key: 11) == 10)
        proxy.set(.fair)
        try await used(gateway, "slow")
        try await more(callers)
        if Self.isLong {
            try await gateway.wait(for: Self.replicas) { $0 == 2 }
            redis.process.send(SIGSTOP)
            try await gateway.wait(for: Self.state) { $0 != 0 }
            try await more(callers)
            #expect(await passed(client, key: 13) == 10)
            redis.process.send(SIGCONT)
            try await used(gateway, "stopped")
        }
        try await gateway.wait(for: Self.replicas) { $0 == 2 }
        await redis.kill()
        try await gateway.wait(for: Self.state) { $0 != 0 }
        try await more(callers)
        #expect(await passed(client, key: 14) == 10)
        let again = try await redis.restarted()
        try await used(gateway, "killed")
        try await more(callers)

        let result = await callers.stop()
        #expect(result.failed == 0, "\(result.failed) of \(result.calls): \(result.failures)")
        await client.close()
        await gateway.stop()
        await other.stop()
        await service.stop()
        await proxy.close()
        await again.kill()
        try await group.shutdownGracefully()
    }
}
