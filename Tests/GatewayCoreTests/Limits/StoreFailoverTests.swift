import Foundation
import NIOCore
import NIOPosix
import RPC
import Redis
import TestSupport
import Testing

@testable import GatewayCore

/// G4 of the gateway's failure tests with two real servers: the one that follows takes over, the one that
/// led goes on as its follower, and connections stay with it until they notice.
@Suite(
    "A store that fails over", .enabled(if: RedisServer.executable != nil), .serialized,
    .timeLimit(.minutes(2)))
struct StoreFailoverTests {
    private static let isStrict = ProcessInfo.processInfo.environment["ASSAY_STRICT_TIMES"] != nil
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private func send(_ command: RedisCommand, to server: RedisServer) async throws -> RedisValue {
        let connection = try await RedisConnection.connect(
            RedisConnection.Configuration(host: "127.0.0.1", port: server.port),
            on: Self.group.next())
        let reply = try await connection.send(command)
        await connection.close()
        return reply
    }

    /// Until the follower has what the leader has.
    private func followed(_ follower: RedisServer) async throws {
        for _ in 0..<2_000 {
            let info = try await send(RedisCommand("INFO", "replication"), to: follower)
            if info.text?.contains("master_link_status:up") == true { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the follower does not follow")
    }

    @Test("G4: a follower takes over: used within a second, at most one burst more than the bound")
    func takeover() async throws {
        let leader = try await RedisServer.start { options in
            options.arguments = ["--repl-diskless-sync-delay", "0"]
        }
        let follower = try await RedisServer.start { options in
            options.arguments = ["--replicaof", "127.0.0.1", "\(leader.port)"]
        }
        try await followed(follower)
        let proxy = try await FaultyProxy.start(to: leader.port, group: Self.group)
        let replica = Replica(port: proxy.port, replicas: 2)
        try await replica.connected()
        let rule = LimitFixtures.rule(100)
        let question = LimitFixtures.question([rule])
        var outcomes: [Replica.Outcome] = []
        for _ in 0..<60 { outcomes.append(await replica.decide(question)) }
        #expect(outcomes.allSatisfy { $0.isAdmitted && $0.decision.source == .store })

        _ = try await send(RedisCommand("REPLICAOF", "NO", "ONE"), to: follower)
        _ = try await send(
            RedisCommand("REPLICAOF", "127.0.0.1", "\(follower.port)"), to: leader)
        proxy.lead(to: follower.port)
        let begun = Replica.now
        // Another caller each time finds out where the store is.
        var isUsed = false
        for number in 0..<100_000 where !isUsed && Replica.now - begun < 20_000_000_000 {
            let other = LimitFixtures.question([rule], caller: "other\(number)")
            isUsed = await replica.decide(other).decision.source == .store
            outcomes.append(await replica.decide(question))
            try await Task.sleep(for: .milliseconds(2))
        }
        let took = Duration.nanoseconds(Replica.now - begun)
        #expect(isUsed, "the store is not used again")
        print("limits: failed over: used again after \(took / .milliseconds(1)) ms")
        if Self.isStrict { #expect(took < .seconds(1)) }
        for _ in 0..<150 { outcomes.append(await replica.decide(question)) }
        let violation = WindowBound(rate: rule.rate).violation(outcomes, extra: rule.rate.burst)
        #expect(violation == nil)
        #expect(outcomes.contains { !$0.isAdmitted && $0.decision.source == .store })
        await replica.close()
        await proxy.close()
        await leader.kill()
        await follower.kill()
    }
}
